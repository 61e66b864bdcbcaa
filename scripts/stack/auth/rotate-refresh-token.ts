import { type Failure, failure } from './failure.ts'
import { type Grant, issueRefreshToken } from './sessions.ts'
import type { Transaction } from './transaction.ts'
import { findUser } from './users.ts'

/** How long a spent token may be presented again: two tabs that refresh at one moment. */
const REUSE_INTERVAL = '10 seconds'

type Session = { id: string; user_id: string; created_at: Date }
type Token = { revoked: boolean; is_recent: boolean; active: string | null; parent: string | null }

const notFound = () =>
  failure(400, 'refresh_token_not_found', 'Invalid Refresh Token: Refresh Token Not Found')
const alreadyUsed = () =>
  failure(400, 'refresh_token_already_used', 'Invalid Refresh Token: Already Used')

const lockSession = async (tx: Transaction, token: string) => {
  const { rows } = await tx.query<Session>(
    `select s.id, s.user_id, s.created_at
     from auth.sessions as s
     join auth.refresh_tokens as t on t.session_id = s.id
     where t.token = $1
     for update of s`,
    [token],
  )
  return rows[0]
}

const readToken = async (tx: Transaction, sessionId: string, token: string) => {
  const { rows } = await tx.query<Token>(
    `select t.revoked, t.updated_at > clock_timestamp() - $3::interval as is_recent,
       latest.token as active, latest.parent
     from auth.refresh_tokens as t
     left join lateral (
       select token, parent from auth.refresh_tokens
       where session_id = $1 and not revoked order by id desc limit 1
     ) as latest on true
     where t.session_id = $1 and t.token = $2`,
    [sessionId, token, REUSE_INTERVAL],
  )
  return rows[0]
}

const swap = async (tx: Transaction, session: Session, token: string) => {
  await tx.query(
    `update auth.refresh_tokens set revoked = true, updated_at = clock_timestamp()
     where token = $1 and not revoked`,
    [token],
  )
  await tx.query(
    `update auth.sessions set refreshed_at = localtimestamp, updated_at = now() where id = $1`,
    [session.id],
  )
  return issueRefreshToken(tx, session.user_id, session.id, token)
}

const revokeFamily = (tx: Transaction, sessionId: string) =>
  tx.query(
    `update auth.refresh_tokens set revoked = true, updated_at = clock_timestamp()
     where session_id = $1 and not revoked`,
    [sessionId],
  )

/** The next token, or null when a spent one came back and its whole family is revoked. */
const nextToken = async (tx: Transaction, session: Session, token: string) => {
  const found = await readToken(tx, session.id, token)
  if (!found) throw notFound()
  if (!found.revoked) return swap(tx, session, token)
  if (found.active !== null && found.parent === token) return found.active
  if (found.active !== null && found.is_recent) return swap(tx, session, token)
  await revokeFamily(tx, session.id)
  return null
}

/**
 * Exchanges a refresh token. A token spent a moment ago still answers (the parent of the active one
 * with that one, so that a lost response loses nobody's session); any other spent token revokes its
 * family. That refusal is returned, not thrown, because the revocation must be committed.
 */
export const rotateRefreshToken = async (
  tx: Transaction,
  token: string,
): Promise<Grant | Failure> => {
  const session = await lockSession(tx, token)
  if (!session) throw notFound()
  const user = await findUser(tx, session.user_id)
  if (!user) throw notFound()
  const refreshToken = await nextToken(tx, session, token)
  if (refreshToken === null) return alreadyUsed()
  return { user, sessionId: session.id, signedInAt: session.created_at, refreshToken }
}
