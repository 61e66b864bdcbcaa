import { Hono } from 'hono'
import { z } from 'zod'
import { describe } from '../../../shared/http/document.ts'

const Health = z.object({ status: z.literal('ok') }).meta({ id: 'Health' })

const docs = {
  health: describe({
    summary: 'Whether this function runs',
    description: 'Touches nothing else. For whether the service can do its job: GET /ready.',
    responses: { 200: { description: 'It does.', schema: Health } },
  }),
}

/** Liveness. */
export const health = () =>
  new Hono().get('/health', docs.health, (c) => c.json({ status: 'ok' as const }, 200))
