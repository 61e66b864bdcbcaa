import { Hono } from 'hono'
import type { Pool } from 'pg'
import { z } from 'zod'
import type { AccessTokens } from './access-tokens.ts'
import { readCaller } from './caller.ts'
import { failure } from './failure.ts'
import { checkPassword, Email, readBody } from './read-body.ts'
import { rotateRefreshToken } from './rotate-refresh-token.ts'
import { endSessions, type Grant, openSession } from './sessions.ts'
import { asAuth } from './transaction.ts'
import { authenticate, insertUser } from './users.ts'

const SignUp = z.object({
  email: z.string().optional(),
  password: z.string().nullish(),
  data: z.record(z.string(), z.unknown()).nullish(),
})
const Password = z.object({ email: z.string().optional(), password: z.string().optional() })
const Refresh = z.object({ refresh_token: z.string().min(1, 'refresh_token required') })
const Scope = z.enum(['global', 'local', 'others'])

const taken = () => failure(422, 'user_already_exists', 'User already registered')

const readAddress = (email: string) => {
  const { data, error } = Email.safeParse(email)
  if (error) throw failure(400, 'validation_failed', error.issues[0]?.message ?? 'Invalid email')
  return data
}

const signUp = async (sql: Pool, request: Request): Promise<Grant> => {
  const { email, password, data } = await readBody(request, SignUp)
  if (!email && !password) {
    throw failure(422, 'anonymous_provider_disabled', 'Anonymous sign-ins are disabled')
  }
  if (!password) throw failure(400, 'validation_failed', 'Signup requires a valid password')
  const address = readAddress(email ?? '')
  checkPassword(password)
  const user = { email: address, password, userMetadata: data ?? {} }
  return asAuth(sql, async (tx) =>
    openSession(tx, await insertUser(tx, user, taken()), request.headers.get('user-agent')),
  )
}

const grantByPassword = async (sql: Pool, request: Request): Promise<Grant> => {
  const { email, password } = await readBody(request, Password)
  if (!email) throw failure(400, 'validation_failed', 'missing email or phone')
  return asAuth(sql, async (tx) => {
    const user = await authenticate(tx, email.toLowerCase(), password ?? '')
    if (!user) throw failure(400, 'invalid_credentials', 'Invalid login credentials')
    if (user.banned_until && user.banned_until > new Date()) {
      throw failure(400, 'user_banned', 'User is banned')
    }
    return openSession(tx, user, request.headers.get('user-agent'))
  })
}

const grantByRefresh = async (sql: Pool, request: Request): Promise<Grant> => {
  const { refresh_token: token } = await readBody(request, Refresh)
  const grant = await asAuth(sql, (tx) => rotateRefreshToken(tx, token))
  if (grant instanceof Error) throw grant
  return grant
}

const grant = (sql: Pool, request: Request, type: string | undefined): Promise<Grant> => {
  if (type === 'password') return grantByPassword(sql, request)
  if (type === 'refresh_token') return grantByRefresh(sql, request)
  throw failure(400, 'invalid_credentials', 'unsupported_grant_type')
}

/** Sign-up, sign-in, refresh and logout. */
export const sessionRoutes = (sql: Pool, tokens: AccessTokens) =>
  new Hono()
    .post('/signup', async (c) => c.json(await tokens.toSession(await signUp(sql, c.req.raw))))
    .post('/token', async (c) => {
      const granted = await grant(sql, c.req.raw, c.req.query('grant_type'))
      return c.json(await tokens.toSession(granted), 200, { 'cache-control': 'no-store' })
    })
    .post('/logout', async (c) => {
      const { data: scope } = Scope.safeParse(c.req.query('scope') ?? 'global')
      if (!scope) throw failure(400, 'validation_failed', 'Unsupported logout scope')
      await asAuth(sql, async (tx) => {
        const { user, sessionId } = await readCaller(tx, tokens, c.req.raw)
        await endSessions(tx, user.id, sessionId, scope)
      })
      return c.body(null, 204)
    })
