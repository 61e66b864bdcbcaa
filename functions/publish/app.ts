import { Hono } from 'hono'
import { revokeTokens } from '../../shared/accounts/revoke-tokens.ts'
import { createRotateKeys } from '../../shared/accounts/rotate-keys.ts'
import type { Deps } from '../../shared/deps.ts'
import { createOnError } from '../../shared/http/on-error.ts'
import { requireCron } from '../../shared/http/require-cron.ts'
import type { Network } from '../../shared/networks/network.ts'
import { chargeCalls, freshIsolate } from '../../shared/publishing/cpu-plan.ts'
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
export const createApp = (given: Deps, network: Network) => {
  const isolate = freshIsolate(given.monotonic())
  const deps = { ...given, service: chargeCalls(isolate, given.service) }
  // A ring while lanes come to their end starts the next worker: the platform may have no other isolate.
  const publish = async () => {
    const { drained } = await runWorker(deps, network, isolate)
    deps.background(drained)
  }
  const rotateKeys = oneAtATime(createRotateKeys(deps))
  const duties = new Map([
    ['reconcile', oneAtATime(() => reconcile(deps, network, isolate))],
    ['read_restored', oneAtATime(() => readRestored(deps, network))],
    ['revoke_tokens', oneAtATime(() => revokeTokens(deps, network))],
    ['remove_posts', oneAtATime(() => removePosts(deps, network))],
    ['rotate_keys', rotateKeys],
  ])
  // A spike rings several times a second: one question, not one of each duty.
  const doDuties = async () => {
    for (const name of await deps.service<string[]>('due_duties')) {
      const duty = duties.get(name)
      if (duty) deps.background(duty())
      else deps.log({ level: 'warn', message: 'duty unknown to this version', name })
    }
  }
  // Rotating begins with telling the database of a new key, which is not due by any row.
  const starts = [oneAtATime(publish), oneAtATime(doDuties), rotateKeys]

  return new Hono()
    .basePath('/publish')
    .onError(createOnError(deps))
    .post('/', requireCron(deps), (c) => {
      for (const start of starts) deps.background(start())
      return c.json({ status: 'accepted' }, 202)
    })
}
