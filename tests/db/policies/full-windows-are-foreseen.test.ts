import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import { sendDue } from '../../helpers/money.ts'
import {
  type Account,
  actFor,
  at,
  claimJobs,
  connectAccount,
  go,
  resultFor,
  schedulePost,
  settle,
} from '../../helpers/publishing.ts'
import { seeded } from '../../helpers/seeded.ts'

type Reason = { slug: string; who: string; detail: string; remedy: string; until: string | null }
type Row = { post: { id: string }; patience_ends_at: string | null; reasons: Reason[] }

const secondsOf = (time: string | Date | null) =>
  (new Date(time ?? '').getTime() - at(0).getTime()) / 1000

const setLimits = (tx: Tx, quarter: number | null, threeHours: number | null) =>
  tx.query('update private.x_apps set posts_per_15_min = $1, posts_per_3_h = $2', [
    quarter,
    threeHours,
  ])

const listAtRisk = async (tx: Tx, account: Account): Promise<Row[]> => {
  await tx.query(`update private.account_tokens set scopes = '{offline.access}'`)
  await actFor(tx, account)
  const sql = 'select private.list_at_risk($1, null, 101, $2) as page'
  return (
    (await tx.query<{ page: Row[] }>(sql, [account.person.workspaceId, at(0)])).rows[0]?.page ?? []
  )
}

type Plan = { texts?: string[]; latePolicy?: string }

const schedule = async (tx: Tx, account: Account, seconds: number[], plan: Plan = {}) => {
  const due = new Map<string, number>()
  for (const second of seconds) {
    due.set(
      await schedulePost(tx, account, { due: at(second), latePolicy: 'publish', ...plan }),
      second,
    )
  }
  return due
}

/** Posts of an account by the second they are due, and when those that must wait go out. */
const foresee = async (tx: Tx, account: Account, seconds: number[], plan: Plan = {}) => {
  const due = await schedule(tx, account, seconds, plan)
  return (await listAtRisk(tx, account)).map(({ post, reasons }) => {
    expect(reasons).toMatchObject([{ slug: 'rate', who: 'author' }])
    return [due.get(post.id), secondsOf(reasons[0]?.until ?? null)]
  })
}

test('what a window has no room for is at risk, and so is what that pushes back', () =>
  withTx(async (tx) => {
    await setLimits(tx, 2, null)
    const account = await connectAccount(tx)
    expect(
      await foresee(tx, account, [600, 3600, 3600, 3601, 3602, 3603, 5000, 5001, 5600, 20_000]),
    ).toEqual([
      [3601, 4500],
      [3602, 4500],
      [3603, 5400],
      [5000, 5400],
      [5001, 6300],
      [5600, 6300],
    ])
  }))

test('a window begins with its first post: a crowd on both sides of its end waits for nothing', () =>
  withTx(async (tx) => {
    await setLimits(tx, 3, null)
    expect(await foresee(tx, await connectAccount(tx), [0, 840, 960, 970])).toEqual([])
  }))

test('what a window has seen already is counted, and every segment of a thread', () =>
  withTx(async (tx) => {
    await setLimits(tx, 4, null)
    const account = await connectAccount(tx)
    await tx.query('update private.account_lanes set sent_15_min = 1, ends_15_min = $1', [at(900)])
    // The window that began before now ends at 900: it has room for one thread of two, not for both.
    const plan = { texts: ['a', 'b'] }
    expect(await foresee(tx, account, [100, 200], plan)).toEqual([[200, 900]])
    expect(await foresee(tx, await connectAccount(tx), [100, 200], plan)).toEqual([])
  }))

test('what is being sent is counted once', () =>
  withTx(async (tx) => {
    await setLimits(tx, 2, null)
    const account = await connectAccount(tx)
    const [first = ''] = (await schedule(tx, account, [0, 60])).keys()
    const { claimId } = await claimJobs(tx, { now: at(0), perLane: 1 })
    expect(await go(tx, claimId, [first], { now: at(0) })).toHaveLength(1)
    expect(await listAtRisk(tx, account)).toEqual([])
  }))

test('what is full now is told once, with the moment at which the post itself goes out', () =>
  withTx(async (tx) => {
    await setLimits(tx, 2, null)
    const account = await connectAccount(tx)
    const due = await schedule(tx, account, [0, 1, 60, 70, 80])
    for (const second of [0, 1]) await sendDue(tx, 'accepted', at(second))
    const reasons = (await listAtRisk(tx, account)).map(({ post, reasons: all }) => [
      due.get(post.id),
      all.map(({ slug, who, until }) => [slug, who, secondsOf(until)]),
    ])
    expect(reasons).toEqual([
      [60, [['rate', 'provider', 900]]],
      [70, [['rate', 'provider', 900]]],
      [80, [['rate', 'author', 1800]]],
    ])
  }))

test('what runs out of patience before its turn is told so, and takes no place', () =>
  withTx(async (tx) => {
    await setLimits(tx, 1, null)
    const account = await connectAccount(tx)
    await schedule(tx, account, [0, 1, 2, 3, 4], { latePolicy: 'hold' })
    const rows = await listAtRisk(tx, account)
    expect(rows.map(({ reasons }) => secondsOf(reasons[0]?.until ?? null))).toEqual([
      900, 1800, 2700, 3600,
    ])
    // An hour: the last turn comes a second before its post would be held, a sixth would come too late.
    await schedule(tx, account, [5, 4000], { latePolicy: 'hold' })
    const later = (await listAtRisk(tx, account)).slice(4)
    expect(later.map(({ patience_ends_at: end }) => secondsOf(end))).toEqual([3605, 7600])
    expect(later[0]?.reasons).toMatchObject([
      {
        detail: expect.stringContaining('turn would come'),
        remedy: expect.stringContaining('patience'),
      },
    ])
    expect(secondsOf(later[1]?.reasons[0]?.until ?? null)).toBe(4500)
  }))

/** Sends one post after the other, each when the lane is ready for it; when each was out. */
const sendAll = async (tx: Tx, account: Account): Promise<Map<string, number>> => {
  const sent = new Map<string, number>()
  for (;;) {
    const { rows } = await tx.query<{ ready_at: Date | null }>(
      `select greatest(ready_at, $2) as ready_at from private.account_lanes
       where account_id = $1 and ready_at < 'infinity'`,
      [account.id, at(0)],
    )
    const now = rows[0]?.ready_at
    if (!now) return sent
    const { claimId, lanes } = await claimJobs(tx, { now, perLane: 1 })
    const wanted = lanes.flatMap(({ jobs }) => jobs.map(({ post_id }) => post_id))
    const attempts = await go(tx, claimId, wanted, { now })
    for (const { post_id } of attempts) sent.set(post_id, secondsOf(now))
    const results = attempts.map((attempt) => resultFor(attempt, 'accepted'))
    await settle(tx, claimId, results, { release: [account.id], now })
  }
}

test.each([1, 2, 3, 4, 5, 6])('what is foreseen is what Go then does (seed %s)', (seed) =>
  withTx(async (tx) => {
    const next = seeded(seed)
    const pick = (most: number) => Math.floor(next() * most)
    await setLimits(tx, 1 + pick(4), 3 + pick(6))
    const account = await connectAccount(tx)
    const due = await schedule(
      tx,
      account,
      Array.from({ length: 25 }, () => pick(5) * 1200 + pick(400)),
    )
    const foreseen = new Map(
      (await listAtRisk(tx, account)).map(({ post, reasons }) => [
        post.id,
        secondsOf(reasons[0]?.until ?? null),
      ]),
    )
    const sent = await sendAll(tx, account)
    expect(sent.size).toBe(25)
    expect(foreseen.size).toBeGreaterThan(5)
    for (const [post, second] of sent) {
      const planned = due.get(post) ?? Number.NaN
      expect(foreseen.get(post) ?? planned).toBeCloseTo(second, second - planned > 60 ? 0 : -2)
    }
  }),
)
