import { Problem } from '../http/problem.ts'
import { problems } from '../http/problems.ts'

/** The error body of PostgREST. */
export type PostgresError = {
  code?: string
  message?: string
  details?: string | null
  hint?: string | null
}

const isRetryable = (code: string) =>
  /^(40001|40P01|55P03|57014|57P0[1-5]|53...|08...|PGRST00[0-3])$/.test(code)

/**
 * What a database error means to the caller. PTnnn is a refusal our SQL worded itself; everything
 * unforeseen becomes a 500 that tells nothing and carries the cause for the log.
 */
export const fromPostgres = (error: PostgresError, status = 500): Problem => {
  const code = error.code ?? ''
  if (/^PT[45]\d\d$/.test(code)) return refusal(error, Number(code.slice(2)))
  if (code === '42501') return problems.forbidden(error)
  if (code === '23505') return problems.conflict(error)
  if (/^(22|23)...$/.test(code)) return problems.invalidValue(ruleOf(error), error)
  if (/^PGRST30[0-3]$/.test(code) || status === 401) return problems.unauthorized(undefined, error)
  if (isRetryable(code) || status === 503) return problems.unavailable(error)
  return problems.internal(error)
}

const refusal = (error: PostgresError, status: number): Problem =>
  new Problem(
    status,
    error.message ?? 'refused',
    error.details ?? 'The request was refused.',
    error.hint ? { remedy: error.hint } : {},
    error,
  )

/** Constraints are named after the truth they keep: "posts_metadata_within_8_kb". */
const ruleOf = ({ message }: PostgresError): string | undefined =>
  /violates check constraint "(\w+)"/.exec(message ?? '')?.[1]?.replaceAll('_', ' ')
