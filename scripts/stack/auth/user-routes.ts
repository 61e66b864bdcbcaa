import { Hono } from 'hono'
import type { Pool } from 'pg'
import { z } from 'zod'
import type { AccessTokens } from './access-tokens.ts'
import { readCaller } from './caller.ts'
import { checkPassword, Email, readBody } from './read-body.ts'
import { asAuth } from './transaction.ts'
import { updateUser } from './update-user.ts'
import { toUser } from './users.ts'

const Change = z.object({
  email: Email.optional(),
  password: z.string().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
})

/** The caller's own account. */
export const userRoutes = (sql: Pool, tokens: AccessTokens) =>
  new Hono()
    .get('/user', async (c) => {
      const { user } = await asAuth(sql, (tx) => readCaller(tx, tokens, c.req.raw))
      return c.json(toUser(user))
    })
    .put('/user', async (c) => {
      const user = await asAuth(sql, async (tx) => {
        const caller = await readCaller(tx, tokens, c.req.raw)
        const change = await readBody(c.req.raw, Change)
        if (change.password !== undefined) checkPassword(change.password)
        return updateUser(tx, caller.user.id, caller.sessionId, change)
      })
      return c.json(toUser(user))
    })
