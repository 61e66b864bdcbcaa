import { Hono } from 'hono'
import { z } from 'zod'
import type { Deps } from '../../../shared/deps.ts'
import { describe } from '../../../shared/http/document.ts'
import { checkReadiness, Readiness } from '../../../shared/readiness/check-readiness.ts'

const Health = z.object({ status: z.literal('ok') }).meta({ id: 'Health' })

const docs = {
  health: describe({
    summary: 'Whether this function runs',
    description: 'Touches nothing else. For whether the service can do its job: GET /ready.',
    responses: { 200: { description: 'It does.', schema: Health } },
  }),
  ready: describe({
    summary: 'Whether the service does its job',
    responses: { 200: { description: 'It does; figures.', schema: Readiness } },
    errors: ['not-ready'],
  }),
}

/** Liveness and readiness, for anybody who watches. */
export const health = (deps: Pick<Deps, 'service'>) =>
  new Hono()
    .get('/health', docs.health, (c) => c.json({ status: 'ok' as const }, 200))
    .get('/ready', docs.ready, async (c) => c.json(await checkReadiness(deps), 200))
