import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Deps } from '../../shared/deps.ts'
import { type Deliverer, deliverDue } from '../../shared/webhooks/deliver-due.ts'
import { createPulse } from '../../shared/webhooks/pulse.ts'
import { newSecret, sealSecret } from '../../shared/webhooks/secret.ts'
import { createBell } from '../../shared/worker/bell.ts'
import { type Person, signUp } from './callers.ts'
import type { Tx } from './database.ts'
import { fakeApi } from './fake-api.ts'
import { serviceAt } from './service-at.ts'
import { createEndpoint, type Endpoint } from './webhooks.ts'

/**
 * The real worker over the real SQL and real sockets, under one clock that a test moves: days pass
 * in a moment, for the database and the worker alike.
 */
export const openClockedDeliverer = (tx: Tx, hosts: string[]) => {
  let offset = 0
  const { deps: fake } = fakeApi()
  const now = () => new Date(Date.now() + offset)
  const deps: Deps = {
    ...fake,
    deadline: (ms) => AbortSignal.timeout(ms),
    env: { ...fake.env, WEBHOOK_PRIVATE_HOSTS: hosts },
    fetch,
    now,
    monotonic: () => performance.now() + offset,
    sleep: (ms) => wait(Math.min(ms, 20)),
    randomUUID,
    log: () => {},
    service: serviceAt(tx, now),
  }

  return {
    now,
    /** An endpoint of a new person, with a secret that signs. */
    async listen(url: string, person?: Person): Promise<{ endpoint: Endpoint; secret: string }> {
      const owner = person ?? (await signUp(tx))
      const id = randomUUID()
      const secret = newSecret(deps)
      const place = { endpointId: id, workspaceId: owner.workspaceId }
      const { endpoint } = await createEndpoint(tx, { id, url }, owner)
      await tx.query(
        'update private.webhook_secrets set encrypted_secret = $2 where endpoint_id = $1',
        [id, sealSecret(deps.env.ENCRYPTION_KEYS, secret, place)],
      )
      return { endpoint, secret }
    },
    /** What one ring does: everything that is due now. */
    async ring(): Promise<void> {
      const started: Promise<unknown>[] = []
      const isolate = { ...deps, background: (work: Promise<unknown>) => started.push(work) }
      const id = randomUUID()
      const deliverer: Deliverer = {
        id,
        pulse: createPulse(deps, id),
        startedAt: deps.monotonic(),
        cpuMs: 0,
        active: new Map(),
        dueAt: deps.monotonic(),
        bell: createBell(deps),
      }
      await deliverDue(isolate, deliverer)
      await Promise.all(started)
    },
    pass: (ms: number) => {
      offset += ms
    },
  }
}
