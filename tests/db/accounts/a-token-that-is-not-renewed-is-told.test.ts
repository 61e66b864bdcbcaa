import { expect, test } from 'vitest'
import { type ClockedWorker, openClockedWorker } from '../../helpers/clocked-worker.ts'
import { leaseRefresh } from '../../helpers/connections.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  type Account,
  actFor,
  count,
  eventTypes,
  readPost,
  schedulePost,
} from '../../helpers/publishing.ts'

const WRONG_SECRET = {
  match: { path: '/2/oauth2/token' },
  kind: 'answer',
  status: 401,
  body: { error: 'unauthorized_client', error_description: 'Missing valid authorization header' },
}
const TELLS = { slug: 'client-refused', who: 'app' }

/** An account of which only a refresh would bring a usable token, and a post that is due in ten seconds. */
const stage = async (
  tx: Tx,
  run: (worker: ClockedWorker, account: Account, post: string) => Promise<void>,
) => {
  const worker = await openClockedWorker(tx)
  try {
    const account = await worker.connect('ann')
    await tx.query(
      `update private.account_tokens set scopes = '{tweet.write,offline.access}', expires_at = $1`,
      [worker.now()],
    )
    const due = new Date(worker.now().getTime() + 10_000)
    const post = await schedulePost(tx, account, { due, latePolicy: 'publish' })
    await run(worker, account, post)
  } finally {
    await worker.close()
  }
}

const atRisk = async (tx: Tx, account: Account, now: Date) => {
  await actFor(tx, account)
  const sql = 'select private.list_at_risk($1, null, 101, $2) as page'
  const { rows } = await tx.query<{ page: { reasons: object[] }[] }>(sql, [
    account.person.workspaceId,
    now,
  ])
  return rows[0]?.page.flatMap(({ reasons }) => reasons)
}

const health = async (tx: Tx, account: Account, now: Date) => {
  await actFor(tx, account)
  const sql = `select private.account_health($1, '1 day', $2) -> 'token' as token`
  return (await tx.query<{ token: object }>(sql, [account.id, now])).rows[0]?.token
}

const alerts = (tx: Tx) => count(tx, `private.alerts where kind = 'tokens-not-renewed'`)

test('posts that wait for a token say why, once, and the operator is told', () =>
  withTx((tx) =>
    stage(tx, async (worker, account, post) => {
      await worker.x.set('faults', WRONG_SECRET)
      await worker.pass(180, 10)

      expect(await readPost(tx, post)).toMatchObject({ status: 'scheduled', failure: TELLS })
      const told = await eventTypes(tx, post)
      expect(told.filter((type) => type === 'post.scheduled')).toHaveLength(2)
      expect(await alerts(tx)).toBe(1)
      expect(await health(tx, account, worker.now())).toMatchObject({
        state: 'failing',
        error: TELLS,
      })
      const reasons = await atRisk(tx, account, worker.now())
      expect(reasons).toMatchObject([{ slug: 'token', who: 'app' }])
      expect(JSON.stringify(reasons)).toContain('client id and secret')
    }),
  ))

test('the token endpoint is asked ever more rarely, and the post goes once it answers', () =>
  withTx((tx) =>
    stage(tx, async (worker, account, post) => {
      await worker.x.set('faults', WRONG_SECRET)
      const tries = async () =>
        (await worker.x.get<{ faults: { applied: number }[] }>('faults')).faults[0]?.applied ?? 0
      await worker.pass(1_200, 10)
      expect(await tries()).toBeGreaterThan(4)
      expect(await tries()).toBeLessThan(10)

      await worker.x.clearFaults()
      await worker.pass(310, 10)
      expect((await readPost(tx, post)).status).toBe('published')
      expect(await worker.accepted('ann')).toHaveLength(1)
      expect(await alerts(tx)).toBe(0)
      expect(await health(tx, account, worker.now())).toMatchObject({ state: 'valid', error: null })
    }),
  ))

test('a new secret of its app has the post go at once', () =>
  withTx((tx) =>
    stage(tx, async (worker, account, post) => {
      await worker.x.set('faults', WRONG_SECRET)
      await worker.pass(600, 10)
      await worker.x.clearFaults()

      await tx.query(
        'select private.retry_refreshes(x_app_id) from public.accounts where id = $1',
        [account.id],
      )
      await worker.pass(10, 10)
      expect((await readPost(tx, post)).status).toBe('published')
    }),
  ))

test('whoever asks for a token while it fails is told why', () =>
  withTx((tx) =>
    stage(tx, async (worker, account) => {
      await worker.x.set('faults', WRONG_SECRET)
      await worker.pass(20, 10)

      expect(await leaseRefresh(tx, account.id, { now: worker.now() })).toMatchObject({
        leased: false,
        error: TELLS,
      })
    }),
  ))

test('the last account of an app that is disconnected takes the alert along', () =>
  withTx((tx) =>
    stage(tx, async (worker, account) => {
      await worker.x.set('faults', WRONG_SECRET)
      await worker.pass(20, 10)
      expect(await alerts(tx)).toBe(1)

      await actFor(tx, account)
      await tx.query('select public.disconnect_account($1)', [account.id])
      expect(await alerts(tx)).toBe(0)
    }),
  ))
