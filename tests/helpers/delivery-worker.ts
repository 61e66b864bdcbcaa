import type { Deps } from '../../shared/deps.ts'
import type { DeliveryResult } from '../../shared/webhooks/batches.ts'
import { type Deliverer, deliverDue } from '../../shared/webhooks/deliver-due.ts'
import { createPulse } from '../../shared/webhooks/pulse.ts'
import { newSecret, sealSecret } from '../../shared/webhooks/secret.ts'
import { createBell } from '../../shared/worker/bell.ts'
import { claimedDelivery, claimedEvent } from './claimed-event.ts'
import { fakeApi } from './fake-api.ts'

type Waiting = { url: string; id: string }

/** A worker over a queue in memory, which it claims from and settles to like the real one. */
export const deliveryWorker = (fetch: Deps['fetch'], { cpuMs = 0, perClaim = 400 } = {}) => {
  const { deps: fake } = fakeApi()
  const queue: Waiting[] = []
  const settled: DeliveryResult[] = []
  const calls: string[] = []
  const background: Promise<unknown>[] = []

  const claim = async (limit: number) => {
    const taken = queue.splice(0, Math.min(limit, perClaim))
    const secret = newSecret(fake)
    const endpoints = await Promise.all(
      taken.map(async ({ url, id }) => ({
        id,
        workspace_id: 'w',
        url,
        encrypted_headers: null,
        encrypted_secrets: [
          sealSecret(fake.env.ENCRYPTION_KEYS, secret, { endpointId: id, workspaceId: 'w' }),
        ],
      })),
    )
    const deliveries = taken.map(({ id }) =>
      claimedDelivery({ endpoint_id: id, event: claimedEvent({ workspace_id: 'w' }) }),
    )
    return { endpoints, deliveries, next_in_ms: queue.length > 0 ? 0 : null }
  }
  const service = async (fn: string, args: Record<string, unknown> = {}) => {
    calls.push(fn)
    if (fn === 'claim_deliveries') return claim(Number(args.p_limit))
    if (fn !== 'settle_deliveries') return { next_in_ms: null }
    settled.push(...(args.p_results as DeliveryResult[]))
    return args.p_limit ? claim(Number(args.p_limit)) : { next_in_ms: null }
  }
  const deps: Deps = {
    ...fake,
    deadline: (ms) => AbortSignal.timeout(ms),
    fetch,
    fetchPublic: (url, _addresses, request) => fetch(url, request as RequestInit),
    service: service as Deps['service'],
    monotonic: () => performance.now(),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, ms)
        signal?.addEventListener('abort', () => {
          clearTimeout(timer)
          reject(signal.reason)
        })
      }),
    background: (promise) => background.push(promise),
  }
  const deliverer: Deliverer = {
    id: 'worker',
    pulse: createPulse(deps, 'worker'),
    startedAt: performance.now(),
    cpuMs,
    active: new Map(),
    dueAt: 0,
    bell: createBell(deps),
  }
  return {
    deps,
    deliverer,
    queue,
    settled,
    calls,
    run: () => deliverDue(deps, deliverer),
    /** Also what was left to the background. */
    finish: () => Promise.all(background),
  }
}
