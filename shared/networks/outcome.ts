/** Who has to act before the same call can succeed. */
export type Who = 'author' | 'account' | 'app' | 'provider'

export type FailureKind =
  | 'refused'
  | 'retry'
  | 'not_sent'
  | 'reauth'
  | 'account_blocked'
  | 'app_blocked'
  | 'unknown'

/** `status`: what HTTP said, where an answer came. */
type Explained = { slug: string; detail: string; who: Who; remedy: string; status?: number }

/**
 * How a call to a network ended when it did not succeed.
 * - refused: a definite no to this request; sending it again as it is gets the same answer.
 * - retry: a definite "not now"; `after` is the earliest useful time, null when the network named none.
 * - not_sent: no byte of the request left this machine.
 * - reauth: the access token was not accepted; refresh once before believing it.
 * - account_blocked: the account as a whole may not act; nothing of it is sent until its owner acts.
 * - app_blocked: the app as a whole may not call; stop every account of the app.
 * - unknown: the request may have been carried out. Never repeat a publish on this; reconcile.
 */
export type Failure =
  | ({ kind: 'refused' } & Explained)
  | ({ kind: 'retry'; after: Date | null; scope: 'account' | 'app' } & Explained)
  | ({ kind: 'not_sent' } & Explained)
  | ({ kind: 'reauth' } & Explained)
  | ({ kind: 'account_blocked' } & Explained)
  | ({ kind: 'app_blocked' } & Explained)
  | ({ kind: 'unknown' } & Explained)
