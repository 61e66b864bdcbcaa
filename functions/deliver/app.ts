import { Hono } from 'hono'
import type { Deps } from '../../shared/deps.ts'
import { sendEmails } from '../../shared/emails/send-emails.ts'
import { createOnError } from '../../shared/http/on-error.ts'
import { requireCron } from '../../shared/http/require-cron.ts'
import { type Deliverer, deliverDue } from '../../shared/webhooks/deliver-due.ts'
import { createPulse } from '../../shared/webhooks/pulse.ts'
import { createBell } from '../../shared/worker/bell.ts'
import { oneAtATime } from '../../shared/worker/one-at-a-time.ts'

/**
 * `POST /deliver` wakes this isolate and answers 202 at once: it delivers events to webhooks.
 * `POST /deliver/emails` has it hand e-mails to the deployment's hook.
 */
export const createApp = (deps: Deps) => {
  const startedAt = deps.monotonic()
  const id = deps.randomUUID()
  const deliverer: Deliverer = {
    id,
    pulse: createPulse(deps, id),
    startedAt,
    cpuMs: 0,
    active: new Map(),
    dueAt: startedAt,
    bell: createBell(deps),
  }
  const start = oneAtATime(() => deliverDue(deps, deliverer))
  const email = oneAtATime(() => sendEmails(deps))

  return new Hono()
    .basePath('/deliver')
    .onError(createOnError(deps))
    .post('/', requireCron(deps), (c) => {
      deliverer.dueAt = deps.monotonic()
      deliverer.bell.ring()
      deps.background(start())
      return c.json({ status: 'accepted' }, 202)
    })
    .post('/emails', requireCron(deps), (c) => {
      deps.background(email())
      return c.json({ status: 'accepted' }, 202)
    })
}
