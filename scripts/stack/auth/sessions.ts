import { randomBytes } from 'node:crypto'
import type { Transaction } from './transaction.ts'
import type { UserRow } from './users.ts'

/** Who holds which session, and the token that refreshes it. */
export type Grant = { user: UserRow; sessionId: string; signedInAt: Date; refreshToken: string }

/** Which of a user's sessions a logout ends. */
export type LogoutScope = 'global' | 'local' | 'others'

/** Adds an unspent refresh token to a session and returns it. */
export const issueRefreshToken = async (
  tx: Transaction,
  userId: string,
  sessionId: string,
  parent: string | null,
): Promise<string> => {
  const token = randomBytes(16).toString('base64url')
  await tx.query(
    `insert into auth.refresh_tokens (
       instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id
     ) values (
       '00000000-0000-0000-0000-000000000000', $1, $2, false, clock_timestamp(),
       clock_timestamp(), $3, $4
     )`,
    [token, userId, parent, sessionId],
  )
  return token
}

/** Signs a user in: a new session with its first refresh token. */
export const openSession = async (
  tx: Transaction,
  user: UserRow,
  userAgent: string | null,
): Promise<Grant> => {
  const sessionId = crypto.randomUUID()
  const { rows } = await tx.query<{ created_at: Date }>(
    `insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent)
     values ($1, $2, now(), now(), 'aal1', $3) returning created_at`,
    [sessionId, user.id, userAgent],
  )
  await tx.query(
    'update auth.users set last_sign_in_at = now(), updated_at = now() where id = $1',
    [user.id],
  )
  const signedInAt = rows[0]?.created_at ?? new Date()
  const refreshToken = await issueRefreshToken(tx, user.id, sessionId, null)
  return { user: { ...user, last_sign_in_at: signedInAt }, sessionId, signedInAt, refreshToken }
}

/** Whether a session is still open. */
export const hasSession = async (tx: Transaction, id: string): Promise<boolean> => {
  const { rowCount } = await tx.query('select from auth.sessions where id = $1', [id])
  return rowCount === 1
}

/** Ends sessions; their refresh tokens go with them. */
export const endSessions = (
  tx: Transaction,
  userId: string,
  sessionId: string | null,
  scope: LogoutScope,
) =>
  tx.query(
    `delete from auth.sessions
     where user_id = $1
       and case $3 when 'local' then id = $2 when 'others' then id is distinct from $2 else true end`,
    [userId, sessionId, scope],
  )
