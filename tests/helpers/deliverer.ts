import type { Deps } from '../../shared/deps.ts'
import { type Deliverer, deliverDue } from '../../shared/webhooks/deliver-due.ts'
import { createPulse } from '../../shared/webhooks/pulse.ts'
import { newSecret, sealSecret } from '../../shared/webhooks/secret.ts'
import { createBell } from '../../shared/worker/bell.ts'
import { oneAtATime } from '../../shared/worker/one-at-a-time.ts'
import type { Tx } from './database.ts'
import { fakeApi } from './fake-api.ts'
import type { Endpoint } from './webhooks.ts'

const sleep: Deps['sleep'] = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })

/**
 * The worker of `deliver` in this process, over the real database: `ring` is what a POST to it does.
 * `received` holds the ids its receiver got; the receiver always says yes.
 */
export async function startDeliverer(client: Tx, endpoint: Endpoint) {
  const { deps: fake } = fakeApi()
  const received = new Set<string>()
  const work: Promise<unknown>[] = []
  const place = { endpointId: endpoint.id, workspaceId: endpoint.workspace_id }
  const sealed = sealSecret(fake.env.ENCRYPTION_KEYS, newSecret(fake), place)
  await client.query(
    'update private.webhook_secrets set encrypted_secret = $2 where endpoint_id = $1',
    [endpoint.id, sealed],
  )

  const service = async (fn: string, args: Record<string, unknown> = {}) => {
    const names = Object.keys(args).map((name, index) => `${name} => $${index + 1}`)
    const values = Object.values(args).map((value) =>
      Array.isArray(value) ? JSON.stringify(value) : value,
    )
    const sql = `select service.${fn}(${names.join(', ')}) as value`
    return (await client.query(sql, values)).rows[0]?.value
  }
  const deps: Deps = {
    ...fake,
    deadline: (ms) => AbortSignal.timeout(ms),
    service: service as Deps['service'],
    fetchPublic: async (_url, _addresses, { headers }) => {
      received.add(new Headers(headers).get('webhook-id') ?? '')
      return new Response('ok')
    },
    now: () => new Date(),
    monotonic: () => performance.now(),
    randomUUID: () => crypto.randomUUID(),
    sleep,
    background: (promise) => work.push(promise),
  }
  const deliverer: Deliverer = {
    id: crypto.randomUUID(),
    pulse: createPulse(deps, crypto.randomUUID()),
    startedAt: deps.monotonic(),
    // The life of an isolate is no matter here.
    cpuMs: Number.NEGATIVE_INFINITY,
    active: new Map(),
    dueAt: 0,
    bell: createBell(deps),
  }
  const start = oneAtATime(() => deliverDue(deps, deliverer))
  return {
    received,
    ring: () => {
      deliverer.dueAt = deps.monotonic()
      deliverer.bell.ring()
      work.push(start())
    },
    stop: () => Promise.all(work),
  }
}
