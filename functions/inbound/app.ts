import { Hono } from 'hono'
import { requestId } from 'hono/request-id'
import type { Deps } from '../../shared/deps.ts'
import { createNotFound } from '../../shared/http/not-found.ts'
import { createOnError } from '../../shared/http/on-error.ts'
import { requestLog } from '../../shared/http/request-log.ts'
import { requireCron } from '../../shared/http/require-cron.ts'
import { keepSubscribed } from '../../shared/inbound/keep-subscribed.ts'
import { createPassBy } from '../../shared/inbound/pass-by.ts'
import { processReceipts } from '../../shared/inbound/process-receipts.ts'
import type { Arrival } from '../../shared/inbound/receipt.ts'
import { createReceiver } from '../../shared/inbound/receive.ts'
import { takeHappening } from '../../shared/inbound/take-happening.ts'
import type { Network } from '../../shared/networks/network.ts'
import { createBell } from '../../shared/worker/bell.ts'
import { oneAtATime } from '../../shared/worker/one-at-a-time.ts'
import { interpret } from '../../shared/x/inbound.ts'
import { createWebhooks } from '../../shared/x/inbound-webhooks.ts'
import { createStripeReader, stripe } from './stripe.ts'
import { x } from './x.ts'

/**
 * What providers send: checked, stored, answered, and processed after the answer. `POST /inbound`
 * wakes this isolate for what was left, and for what X is to be told about subscriptions.
 */
export const createApp = (deps: Deps, network: Network) => {
  const store = createReceiver(deps)
  const readStripe = createStripeReader(deps)
  const passBy = createPassBy(deps)
  const bell = createBell(deps)
  const reader = { startedAt: deps.monotonic(), cpuMs: 0 }
  const process = oneAtATime(() =>
    processReceipts(deps, reader, bell, {
      x: (receipt) => takeHappening(deps, network, passBy, receipt, interpret(receipt.body)),
      stripe: readStripe,
    }),
  )
  const subscribe = oneAtATime(() => keepSubscribed(deps, network, createWebhooks(deps)))
  const receive = async (arrival: Arrival) => {
    await store(arrival)
    bell.ring()
    deps.background(process())
  }

  const app = new Hono().basePath('/inbound')
  app.use(requestId({ generator: deps.randomUUID }), requestLog(deps))
  app.onError(createOnError(deps))
  app.notFound(createNotFound(app))
  return app
    .route('/x', x(deps, receive))
    .route('/stripe', stripe(deps, receive))
    .post('/', requireCron(deps), (c) => {
      deps.background(process())
      deps.background(subscribe())
      return c.json({ status: 'accepted' }, 202)
    })
}
