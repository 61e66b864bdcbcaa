import { Hono } from 'hono'
import type { Pool } from 'pg'
import { z } from 'zod'
import type { AccessTokens } from './access-tokens.ts'
import { requireAdmin } from './caller.ts'
import { failure } from './failure.ts'
import { checkPassword, Email, readBody } from './read-body.ts'
import { asAuth } from './transaction.ts'
import { deleteUser, findUser, insertUser, toUser } from './users.ts'

const Metadata = z.record(z.string(), z.unknown())
const NewUser = z.object({
  email: Email,
  password: z.string().nullish(),
  user_metadata: Metadata.nullish(),
  app_metadata: Metadata.nullish(),
})

const taken = () =>
  failure(422, 'email_exists', 'A user with this email address has already been registered')

const readId = (id: string) => {
  if (z.guid().safeParse(id).success) return id
  throw failure(404, 'validation_failed', 'user_id must be an UUID')
}

const notFound = () => failure(404, 'user_not_found', 'User not found')

/** What an operator's script needs: make, show and delete a user. */
export const adminRoutes = (sql: Pool, tokens: AccessTokens, secretKey: string | undefined) =>
  new Hono()
    .use('/admin/*', async (c, next) => {
      await requireAdmin(tokens, c.req.raw, secretKey)
      await next()
    })
    .post('/admin/users', async (c) => {
      const { email, password, ...metadata } = await readBody(c.req.raw, NewUser)
      if (password) checkPassword(password)
      const user = {
        email,
        password: password ?? null,
        userMetadata: metadata.user_metadata ?? {},
        appMetadata: metadata.app_metadata ?? {},
      }
      return c.json(toUser(await asAuth(sql, (tx) => insertUser(tx, user, taken()))))
    })
    .get('/admin/users/:id', async (c) => {
      const id = readId(c.req.param('id'))
      const user = await asAuth(sql, (tx) => findUser(tx, id))
      if (!user) throw notFound()
      return c.json(toUser(user))
    })
    .delete('/admin/users/:id', async (c) => {
      const id = readId(c.req.param('id'))
      if (!(await asAuth(sql, (tx) => deleteUser(tx, id)))) throw notFound()
      return c.json({})
    })
