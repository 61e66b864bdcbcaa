import { Hono } from 'hono'
import { revokeTokens } from '../../shared/accounts/revoke-tokens.ts'
import { createRotateKeys } from '../../shared/accounts/rotate-keys.ts'
import type { Deps } from '../../shared/deps.ts'
import { createOnError } from '../../shared/http/on-error.ts'
import { requireCron } from '../../shared/http/require-cron.ts'
import type { Network } from '../../shared/networks/network.ts'
import type { Isolate } from '../../shared/publishing/cpu-plan.ts'
import { readRestored } from '../../shared/publishing/read-restored.ts'
import { reconcile } from '../../shared/publishing/reconcile.ts'
import { removePosts } from '../../shared/publishing/remove-posts.ts'
import { runWorker } from '../../shared/publishing/run-worker.ts'
import { oneAtATime } from '../../shared/worker/one-at-a-time.ts'

/**
 * `POST /publish` wakes this isolate and answers 202 at once: it sends what is due, looks for
 * attempts whose outcome is unknown, reads accounts after a restore, revokes tokens of disconnected
 * accounts, deletes what people unpublished and encrypts anew what an older key sealed.
 */
export const createApp = (deps: Deps, network: Network) => {
  const isolate: Isolate = { startedAt: deps.monotonic(), cpuMs: 0, planned: 0 }
  // A ring while lanes come to their end starts the next worker: the platform may have no other isolate.
  const publish = async () => {
    const { drained } = await runWorker(deps, network, isolate)
    deps.background(drained)
  }
  const duties = [
    oneAtATime(publish),
    oneAtATime(() => reconcile(deps, network, isolate)),
    oneAtATime(() => readRestored(deps, network)),
    oneAtATime(() => revokeTokens(deps, network)),
    oneAtATime(() => removePosts(deps, network)),
    oneAtATime(createRotateKeys(deps)),
  ]

  return new Hono()
    .basePath('/publish')
    .onError(createOnError(deps))
    .post('/', requireCron(deps), (c) => {
      for (const start of duties) deps.background(start())
      return c.json({ status: 'accepted' }, 202)
    })
}
