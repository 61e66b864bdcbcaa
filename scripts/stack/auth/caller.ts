import { timingSafeEqual } from 'node:crypto'
import type { AccessTokens } from './access-tokens.ts'
import { failure } from './failure.ts'
import { hasSession } from './sessions.ts'
import type { Transaction } from './transaction.ts'
import { findUser, type UserRow } from './users.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const bearerOf = (request: Request) =>
  /^bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]

const verifyBearer = (tokens: AccessTokens, request: Request) => {
  const bearer = bearerOf(request)
  if (bearer === undefined) {
    throw failure(401, 'no_authorization', 'This endpoint requires a valid Bearer token')
  }
  return tokens.verify(bearer)
}

/** The user and open session behind a request's bearer token; throws GoTrue's 401 and 403s. */
export const readCaller = async (
  tx: Transaction,
  tokens: AccessTokens,
  request: Request,
): Promise<{ user: UserRow; sessionId: string | null }> => {
  const { sub, session_id: sessionId } = await verifyBearer(tokens, request)
  if (typeof sub !== 'string' || !UUID.test(sub)) {
    throw failure(403, 'bad_jwt', 'invalid claim: missing sub claim')
  }
  const user = await findUser(tx, sub)
  if (!user) throw failure(403, 'user_not_found', 'User from sub claim in JWT does not exist')
  if (typeof sessionId !== 'string') return { user, sessionId: null }
  if (!UUID.test(sessionId) || !(await hasSession(tx, sessionId))) {
    const message = 'Session from session_id claim in JWT does not exist'
    throw failure(403, 'session_not_found', message)
  }
  return { user, sessionId }
}

const isSame = (given: string, expected: string) => {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Lets through the secret API key, or a bearer token of role service_role. */
export const requireAdmin = async (
  tokens: AccessTokens,
  request: Request,
  secretKey: string | undefined,
) => {
  const apiKey = request.headers.get('apikey') ?? ''
  if (secretKey !== undefined && isSame(apiKey, secretKey)) return
  const { role } = await verifyBearer(tokens, request)
  if (role !== 'service_role') throw failure(403, 'not_admin', 'User not allowed')
}
