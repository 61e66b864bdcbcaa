import type { Deps } from '../../shared/deps.ts'
import type { Tx } from './database.ts'

type Signature = { name: string; type: string }[]

/** Calls functions of schema `service` as PostgREST does, at the time the test says it is. */
export const serviceAt = (tx: Tx, now: () => Date): Deps['service'] => {
  const signatures = new Map<string, Promise<Signature>>()
  // One connection answers one question at a time.
  let last: Promise<unknown> = Promise.resolve()
  const signatureOf = async (fn: string): Promise<Signature> =>
    (
      await tx.query<{ name: string; type: string }>(
        `select arguments.name, format_type(arguments.type, null) as type
         from pg_proc, unnest(proargnames, proargtypes::oid[]) as arguments (name, type)
         where pronamespace = 'service'::regnamespace and proname = $1`,
        [fn],
      )
    ).rows
  const ask = async <T>(fn: string, args: Record<string, unknown>): Promise<T> => {
    const known = signatures.get(fn) ?? signatureOf(fn)
    signatures.set(fn, known)
    const given = (await known).flatMap(({ name, type }) => {
      const value = name === 'p_now' ? now() : args[name]
      return value === undefined ? [] : [{ name, type, value }]
    })
    const list = given.map(({ name, type }, index) => `${name} => $${index + 1}::${type}`)
    const values = given.map(({ type, value }) =>
      type === 'jsonb' && value !== null ? JSON.stringify(value) : value,
    )
    const { rows } = await tx.query<{ value: T }>(
      `select service.${fn}(${list.join(', ')}) as value`,
      values,
    )
    return rows[0]?.value as T
  }
  return <T>(fn: string, args: Record<string, unknown> = {}) => {
    const answer = last.then(() => ask<T>(fn, args))
    last = answer.catch(() => {})
    return answer
  }
}
