import { Hono } from 'hono'
import { type Isolate, runAnalytics } from '../../shared/analytics/run-analytics.ts'
import type { Deps } from '../../shared/deps.ts'
import { createOnError } from '../../shared/http/on-error.ts'
import { requireCron } from '../../shared/http/require-cron.ts'
import type { Network } from '../../shared/networks/network.ts'
import { oneAtATime } from '../../shared/worker/one-at-a-time.ts'

/** `POST /analytics` wakes this isolate and answers 202 at once: it reads metrics and rolls them up. */
export const createApp = (deps: Deps, network: Network) => {
  const isolate: Isolate = { startedAt: deps.monotonic(), cpuMs: 0 }
  const start = oneAtATime(() => runAnalytics(deps, network, isolate))

  return new Hono()
    .basePath('/analytics')
    .onError(createOnError(deps))
    .post('/', requireCron(deps), (c) => {
      deps.background(start())
      return c.json({ status: 'accepted' }, 202)
    })
}
