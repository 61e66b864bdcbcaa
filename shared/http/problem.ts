import type { Slug } from './problem-types.ts'

/** One thing wrong with a request: where (RFC 6901; absent `in` means the body) and what. */
export type Fault = { pointer: string; detail: string; in?: 'query' | 'header' } & Record<
  string,
  unknown
>

/** Members beyond RFC 9457's own. They end up in the answer as they are. */
export type Extra = {
  remedy?: string
  errors?: Fault[]
  retry_after_seconds?: number
} & Record<string, unknown>

/**
 * A refusal or failure the caller is told about. `slug` names its kind for good (docs/errors.md),
 * `detail` explains this one to a person, `cause` is logged and never shown.
 */
export class Problem extends Error {
  readonly status: number
  readonly slug: Slug | (string & {})
  readonly detail: string
  readonly extra: Extra

  constructor(
    status: number,
    slug: Problem['slug'],
    detail: string,
    extra?: Extra,
    cause?: unknown,
  ) {
    super(`${slug}: ${detail}`, { cause })
    this.name = 'Problem'
    this.status = status
    this.slug = slug
    this.detail = detail
    this.extra = extra ?? {}
  }
}
