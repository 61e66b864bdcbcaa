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

type Signature = { name: string; type: string }[]

/** Calls functions of schema `service` as PostgREST does, at the time the test says it is. */
const serviceOf = (tx: Tx, now: () => Date): Deps['service'] => {
  const signatures = new Map<string, Promise<Signature>>()
  // One connection answers one question at a time.
  let last: Promise<unknown> = Promise.resolve()
  const signatureOf = async (fn: string): Promise<Signature> =>
    (
      await tx.query<{ name: string; type: string }>(
        `select arguments.name, format_type(arguments.type, null) as type
         from pg_proc, unnest(proargnames, proargtypes::oid[]) as arguments (name, type)
         where pronamespace = 'service'::regnamespace and proname = $1`,
        [fn],
      )
    ).rows
  const ask = async <T>(fn: string, args: Record<string, unknown>): Promise<T> => {
    const known = signatures.get(fn) ?? signatureOf(fn)
    signatures.set(fn, known)
    const given = (await known).flatMap(({ name, type }) => {
      const value = name === 'p_now' ? now() : args[name]
      return value === undefined ? [] : [{ name, type, value }]
    })
    const list = given.map(({ name, type }, index) => `${name} => $${index + 1}::${type}`)
    const values = given.map(({ type, value }) =>
      type === 'jsonb' && value !== null ? JSON.stringify(value) : value,
    )
    const { rows } = await tx.query<{ value: T }>(
      `select service.${fn}(${list.join(', ')}) as value`,
      values,
    )
    return rows[0]?.value as T
  }
  return <T>(fn: string, args: Record<string, unknown> = {}) => {
    const answer = last.then(() => ask<T>(fn, args))
    last = answer.catch(() => {})
    return answer
  }
}

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
    service: serviceOf(tx, now),
  }
  const network = x.client()

  /** What one ring of the doorbell does. */
  const ring = async () => {
    await tx.query('select private.tick($1)', [now()])
    await runWorker(deps, network, { startedAt: deps.monotonic(), cpuMs: 0, planned: 0 })
    await reconcile(deps, network)
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
          encrypted_tokens: await sealTokens(deps.env.ENCRYPTION_KEYS, tokens, place),
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
