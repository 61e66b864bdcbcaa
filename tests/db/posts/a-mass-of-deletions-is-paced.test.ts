import { afterEach, expect, test } from 'vitest'
import { connect, disconnect, type Tx, withTx } from '../../helpers/database.ts'
import { type Account, actFor, at, connectAccount, schedulePost } from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'

type Removal = { post_id: string; account_id: string; segments: { position: number }[] }
type Claimed = { removals: Removal[]; postponed: number }

const MOST = 50
const WINDOW_S = 900

/** Posts of so many segments that are on X, and that somebody wants gone. */
const unpublished = async (tx: Tx, account: Account, posts: number, segments = 1) => {
  const ids: string[] = []
  for (let n = 0; n < posts; n += 1) {
    const texts = Array.from({ length: segments }, (_, part) => `post ${n}, part ${part}`)
    ids.push(await schedulePost(tx, account, { texts }))
  }
  await tx.query(
    `update public.post_segments
     set status = 'published', remote_id = post_id || '-' || position, published_at = $2
     where post_id = any ($1)`,
    [ids, at(0)],
  )
  await tx.query(`update public.posts set status = 'publishing' where id = any ($1)`, [ids])
  await tx.query(
    `update public.posts set status = 'published', published_at = $2 where id = any ($1)`,
    [ids, at(0)],
  )
  await tx.query('delete from private.publish_jobs where post_id = any ($1)', [ids])
  await actFor(tx, account)
  for (const id of ids) await tx.query('select public.unpublish_post($1)', [id])
  await tx.query(`select set_config('request.jwt.claims', '', false)`)
  await tx.query('update private.removals set next_try_at = $2 where post_id = any ($1)', [
    ids,
    at(0),
  ])
  return ids
}

const claim = async (tx: Tx, seconds: number): Promise<Claimed> =>
  (
    await tx.query<{ claimed: Claimed }>('select service.claim_removals(p_now => $1) as claimed', [
      at(seconds),
    ])
  ).rows[0]?.claimed ?? { removals: [], postponed: 0 }

const settle = async (tx: Tx, removal: Removal, seconds: number) => {
  for (const { position } of removal.segments) {
    await tx.query('select service.settle_removal($1, $2, p_now => $3)', [
      removal.post_id,
      position,
      at(seconds),
    ])
  }
}

const isDue = async (tx: Tx, seconds: number): Promise<boolean> =>
  (await tx.query("select private.due_duties($1) @> '{remove_posts}' as due", [at(seconds)]))
    .rows[0]?.due

/** Works for an hour, each deletion carried out at the end of its lease at worst. */
const workOff = async (tx: Tx, until: number): Promise<{ at: number; segments: number }[]> => {
  const asked: { at: number; segments: number }[] = []
  for (let now = 0; now <= until; now += 20) {
    if (!(await isDue(tx, now))) continue
    for (const removal of (await claim(tx, now)).removals) {
      await settle(tx, removal, now)
      asked.push({ at: now, segments: removal.segments.length })
    }
  }
  return asked
}

test(
  'whenever X begins its window, no more than 50 deletions of an account fall into it',
  () =>
    withTx(async (tx) => {
      const account = await connectAccount(tx)
      await unpublished(tx, account, 14, 10)
      const asked = await workOff(tx, 3_600)
      expect(asked.reduce((sum, { segments }) => sum + segments, 0)).toBe(140)
      for (const { at: start } of asked) {
        // A deletion leaves between its claim and the end of the claim's lease, 120 s later.
        const within = asked.filter(({ at }) => at >= start && at < start + WINDOW_S + 120)
        expect(within.reduce((sum, { segments }) => sum + segments, 0)).toBeLessThanOrEqual(MOST)
      }
      expect((await tx.query('select from private.removals')).rows).toEqual([])
    }),
  120_000,
)

test('a mass of one account keeps no other waiting, and rings nobody while it waits', () =>
  withTx(async (tx) => {
    const busy = await connectAccount(tx)
    await unpublished(tx, busy, 8, 10)
    expect((await claim(tx, 0)).removals).toHaveLength(5)
    expect(await isDue(tx, 10)).toBe(false)

    await unpublished(tx, busy, 1)
    const other = await connectAccount(tx)
    const [post] = await unpublished(tx, other, 1)
    const { removals, postponed } = await claim(tx, 10)
    expect(removals.map(({ post_id }) => post_id)).toEqual([post])
    expect(postponed).toBe(1)
    await settle(tx, removals[0] as Removal, 11)

    expect((await claim(tx, 130)).postponed).toBe(8)
    expect(await isDue(tx, 1_000)).toBe(false)
    expect(await isDue(tx, 17 * 60)).toBe(true)
  }))

test('what X says of a time holds for everything of the account', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await unpublished(tx, account, 12)
    const [first] = (await claim(tx, 0)).removals
    await tx.query(
      `select service.settle_removal($1, 0::smallint, '{"slug": "rate-limited"}', false, $2, p_now => $3)`,
      [first?.post_id, at(800), at(1)],
    )
    expect((await claim(tx, 200)).removals).toEqual([])
    expect((await claim(tx, 800)).removals).not.toEqual([])
  }))

test('the health of the account shows what room is left', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await unpublished(tx, account, 3)
    await claim(tx, 0)
    const { rows } = await tx.query('select private.account_rates($1, $2) as rates', [
      account.id,
      at(1),
    ])
    expect(rows[0].rates).toContainEqual({
      scope: 'account',
      endpoint: 'remove',
      seconds: WINDOW_S,
      limit: MOST,
      used: 3,
      remaining: MOST - 3,
      resets_at: expect.any(String),
      source: 'own',
    })
  }))

afterEach(async () => {
  const tx = await connect()
  for (const table of [
    'removals',
    'removal_tries',
    'spend_ledger',
    'budget_months',
    'remote_posts',
  ]) {
    await tx.query(`delete from private.${table}`)
  }
  await tx.query('delete from public.posts')
  await disconnect(tx)
})

test('of workers who claim at once, all together take no more than there is room for', async () => {
  const tx = await connect()
  const account = await connectAccount(tx)
  await unpublished(tx, account, 60)
  const takeAll = async (client: Tx) => {
    let segments = 0
    for (let round = 0; round < 12; round += 1) {
      const { removals } = await claim(client, round)
      segments += removals.reduce((sum, removal) => sum + removal.segments.length, 0)
    }
    return segments
  }
  const results = await race(8, takeAll)
  const taken = results.map((result) => (result.status === 'fulfilled' ? result.value : Number.NaN))
  // Whoever finds another one claiming gets nothing, perhaps each time: what they left is taken afterwards.
  taken.push(await takeAll(tx))
  expect(taken.reduce((sum, count) => sum + count, 0)).toBe(MOST)
  await disconnect(tx)
}, 60_000)
