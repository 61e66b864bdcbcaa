import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { sealTokens } from '../../shared/accounts/token-envelope.ts'
import type { Deps } from '../../shared/deps.ts'
import { readRestored } from '../../shared/publishing/read-restored.ts'
import { reconcile } from '../../shared/publishing/reconcile.ts'
import { runWorker } from '../../shared/publishing/run-worker.ts'
import { signUp } from './callers.ts'
import { DEPLOYMENT_APP } from './connections.ts'
import type { Tx } from './database.ts'
import { fakeWorker } from './fake-worker.ts'
import { openSandbox } from './open-sandbox.ts'
import type { Account } from './publishing.ts'
import { serviceAt } from './service-at.ts'

/**
 * The real verbs of a worker on the real SQL against a real sandbox X, under one clock that a test
 * moves: hours pass in a moment, in the database, in the worker and at X.
 */
export const openClockedWorker = async (tx: Tx) => {
  let offset = 0
  const now = () => new Date(Date.now() + offset)
  const x = await openSandbox({ now })
  const worker = fakeWorker()
  const deps: Deps = {
    ...worker.deps,
    now,
    monotonic: () => performance.now() + offset,
    sleep: (ms) => wait(Math.min(ms, 20)),
    randomUUID,
    service: serviceAt(tx, now),
  }
  const network = x.client()

  /** What one ring of the doorbell does. */
  const ring = async () => {
    await tx.query('select private.tick($1)', [now()])
    const isolate = { startedAt: deps.monotonic(), cpuMs: 0, planned: 0 }
    await (await runWorker(deps, network, isolate)).drained
    await reconcile(deps, network, isolate)
    await readRestored(deps, network)
  }

  return {
    x,
    deps,
    network,
    now,
    ring,
    /** Time passes, with a ring every `step` seconds. */
    async pass(seconds: number, step = 30) {
      for (let left = seconds; left > 0; left -= step) {
        offset += Math.min(step, left) * 1000
        await x.set('clock', { offset_ms: offset })
        await ring()
      }
    },
    /** A new person's account, connected with tokens that X knows. */
    async connect(username: string): Promise<Account & { username: string }> {
      const person = await signUp(tx)
      const id = randomUUID()
      await x.set('users', { username })
      const { access_token, refresh_token, user_id } = await x.token(username)
      const place = { account_id: id, workspace_id: person.workspaceId }
      const tokens = { access_token, refresh_token, scope: 'tweet.write' }
      await deps.service('connect_account', {
        p_account: {
          id,
          workspace_id: person.workspaceId,
          user_id: person.id,
          x_app_id: DEPLOYMENT_APP,
          remote_user_id: user_id,
          twitter_username: username,
          encrypted_tokens: sealTokens(deps.env.ENCRYPTION_KEYS, tokens, place),
          expires_at: new Date(now().getTime() + 7_200_000),
          scopes: ['tweet.write'],
        },
      })
      return { id, person, username }
    },
    /** Ids of what X truly has of an account, in order. */
    accepted: async (username: string) =>
      (await x.accepted()).filter((post) => post.username === username).map(({ id }) => id),
    close: () => x.close(),
  }
}

export type ClockedWorker = Awaited<ReturnType<typeof openClockedWorker>>
