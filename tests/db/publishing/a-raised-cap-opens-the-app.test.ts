import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { signUp } from '../../helpers/callers.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { sendDue } from '../../helpers/money.ts'
import {
  type Account,
  actFor,
  at,
  claimJobs,
  eventTypes,
  go,
  schedulePost,
  settle,
} from '../../helpers/publishing.ts'

type Own = Account & { appId: string }
type App = { status: string; status_detail: string | null; posts_per_day: number | null }

const DAY_END = at(86_400)

const asOwner = async <T>(tx: Tx, { person }: Account, sql: string, values: unknown[]) => {
  await actFor(tx, { id: '', person })
  const { rows } = await tx.query<{ value: T }>(`select ${sql} as value`, values)
  await tx.query(`select set_config('request.jwt.claims', '', false)`)
  return rows[0]?.value as T
}

const ownAccount = async (tx: Tx): Promise<Own> => {
  const account = { id: randomUUID(), person: await signUp(tx) }
  const input = { id: randomUUID(), name: 'Own', client_id: randomUUID(), posts_per_day: null }
  await asOwner(tx, account, 'public.create_x_app($1, $2, null)', [
    account.person.workspaceId,
    input,
  ])
  await tx.query('select service.connect_account($1)', [
    {
      ...{ id: account.id, workspace_id: account.person.workspaceId, user_id: account.person.id },
      ...{ x_app_id: input.id, remote_user_id: randomUUID(), twitter_username: 'someone' },
      ...{ encrypted_tokens: 'v1.test.iv.sealed', expires_at: DAY_END, scopes: ['tweet.write'] },
    },
  ])
  return { ...account, appId: input.id }
}

const watchDayCaps = (tx: Tx, seconds: number) =>
  tx.query('select private.watch_day_caps($1)', [at(seconds)])
const limitsTick = (tx: Tx, seconds: number) =>
  tx.query('select private.limits_tick($1)', [at(seconds)])
const patch = (tx: Tx, account: Own, changes: object) =>
  asOwner<App>(tx, account, 'public.update_x_app($1, $2)', [account.appId, changes])
const setCap = (tx: Tx, { appId }: Own, cap: number | null) =>
  tx.query('update private.x_apps set posts_per_day = $2 where id = $1', [appId, cap])

/** Two posts used up the cap of two; the third was refused by Go, so its lane waits for the end. */
const cappedApp = async (tx: Tx): Promise<Own> => {
  const account = await ownAccount(tx)
  for (const due of [at(0), at(0), at(60)]) {
    await schedulePost(tx, account, { due, latePolicy: 'publish' })
  }
  expect(await sendDue(tx, 'accepted', at(0))).toHaveLength(2)
  await setCap(tx, account, 2)
  await watchDayCaps(tx, 5)
  await limitsTick(tx, 6)
  const { claimId, lanes } = await claimJobs(tx, { now: at(60) })
  const posts = lanes.flatMap(({ jobs }) => jobs.map(({ post_id }) => post_id))
  expect(await go(tx, claimId, posts, { now: at(60) })).toEqual([])
  await settle(tx, claimId, [], { release: [account.id], now: at(60) })
  expect((await laneOf(tx, account)).ready_at).toEqual(DAY_END)
  return account
}

const laneOf = async (tx: Tx, { id }: Account) =>
  (await tx.query('select * from private.account_lanes where account_id = $1', [id])).rows[0]

const sentAt = async (tx: Tx, seconds: number) =>
  (await sendDue(tx, 'accepted', at(seconds))).length

test.each([[3], [100_000], [null]])(
  'a cap that is raised to %s lets the app go on at once, and says so',
  (cap) =>
    withTx(async (tx) => {
      const account = await cappedApp(tx)
      expect(await patch(tx, account, { posts_per_day: cap })).toMatchObject({
        ...{ status: 'active', status_detail: null, posts_per_day: cap },
      })
      expect(await sentAt(tx, 61)).toBe(1)
      await limitsTick(tx, 62)
      const told = (await eventTypes(tx, account.appId)).filter((type) => type.includes('blocked'))
      expect(told).toEqual(['app.blocked', 'app.unblocked'])
    }),
)

test.each([
  ['its cap is no more than what it sent', { posts_per_day: 2 }],
  ['its cap is lowered', { posts_per_day: 1 }],
  ['something else about it is changed', { name: 'Renamed' }],
])('an app stays blocked by its cap when %s', (_when, changes) =>
  withTx(async (tx) => {
    const account = await cappedApp(tx)
    expect(await patch(tx, account, changes)).toMatchObject({ status: 'blocked' })
    await watchDayCaps(tx, 61)
    expect(await sentAt(tx, 61)).toBe(0)
  }),
)

test.each([
  ['until somebody has tried', 'infinity'],
  ['until a later time', at(90_000)],
])('an app that X blocks %s is opened by no cap', (_end, until) =>
  withTx(async (tx) => {
    const account = await cappedApp(tx)
    await tx.query('update private.x_apps set breaker_open_until = $2 where id = $1', [
      account.appId,
      until,
    ])
    expect(await patch(tx, account, { posts_per_day: null })).toMatchObject({ status: 'blocked' })
    await watchDayCaps(tx, 61)
    expect(await sentAt(tx, 61)).toBe(0)
  }),
)

test('a cap that an operator raises opens the app within the minute', () =>
  withTx(async (tx) => {
    await setCap(tx, await cappedApp(tx), 100)
    expect(await sentAt(tx, 61)).toBe(0)
    await watchDayCaps(tx, 62)
    expect(await sentAt(tx, 62)).toBe(1)
  }))

test('a lane that had read the old end while the cap was raised is taken within the minute', () =>
  withTx(async (tx) => {
    const account = await cappedApp(tx)
    await patch(tx, account, { posts_per_day: 100 })
    await tx.query('update private.account_lanes set ready_at = $2 where account_id = $1', [
      account.id,
      DAY_END,
    ])
    expect(await sentAt(tx, 61)).toBe(0)
    await watchDayCaps(tx, 62)
    expect(await sentAt(tx, 62)).toBe(1)
  }))

test('an app that reaches the raised cap as well is closed again', () =>
  withTx(async (tx) => {
    const account = await cappedApp(tx)
    await patch(tx, account, { posts_per_day: 3 })
    expect(await sentAt(tx, 61)).toBe(1)
    await schedulePost(tx, account, { due: at(86_400 * 2), latePolicy: 'publish' })
    await watchDayCaps(tx, 62)
    const app = await asOwner<App>(tx, account, 'public.get_x_app($1)', [account.appId])
    expect(app.status).toBe('blocked')
  }))
