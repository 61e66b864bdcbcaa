import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  after,
  claimCollections,
  publishedPost,
  readingAt,
  releaseOf,
  saveMetrics,
} from '../../helpers/analytics.ts'
import { withTx } from '../../helpers/database.ts'
import { connectAccount, count } from '../../helpers/publishing.ts'

type Schedule = { next_collect_at: Date; missing_streak: number; unchanged_streak: number }

const scheduleOf = async (tx: Parameters<typeof saveMetrics>[0], postId: string) =>
  (await tx.query<Schedule>('select * from private.metric_schedules where post_id = $1', [postId]))
    .rows[0]

test('answers a repeated claim with the same batch, and a lapsed one to the next worker', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await publishedPost(tx, account, { segments: 3 })

    const first = await claimCollections(tx)
    const again = await claimCollections(tx, { claimId: first.claimId })
    const early = await claimCollections(tx, { now: after(79) })
    const later = await claimCollections(tx, { now: after(80) })

    expect(first.accounts).toMatchObject([
      { account_id: account.id, segments: [{ position: 0 }, { position: 1 }, { position: 2 }] },
    ])
    expect(again.accounts).toEqual(first.accounts)
    expect(early.accounts).toEqual([])
    expect(later.accounts).toEqual(first.accounts)
  }))

test('asks for at most 100 segments of an account at a time, and for the rest at once', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    for (let index = 0; index < 6; index += 1) await publishedPost(tx, account, { segments: 20 })

    const first = await claimCollections(tx)
    const segments = first.accounts.flatMap((one) => one.segments)
    await saveMetrics(
      tx,
      segments.map(({ post_id, position }) => ({ ...readingAt(post_id, 20), position })),
      { claimId: first.claimId, released: [releaseOf(account.id)] },
    )
    const second = await claimCollections(tx)

    expect(segments).toHaveLength(100)
    expect(second.accounts.flatMap((one) => one.segments)).toHaveLength(20)
  }))

test('keeps the readings of a late worker, and lets only the holder set the schedule', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await publishedPost(tx, account)
    const lost = await claimCollections(tx)
    const holder = await claimCollections(tx, { now: after(90) })
    const released = [releaseOf(account.id)]

    await saveMetrics(tx, [readingAt(post, 20)], { claimId: lost.claimId, released })
    const untouched = await scheduleOf(tx, post)
    const save = { claimId: holder.claimId, released, now: after(91) }
    await saveMetrics(tx, [readingAt(post, 90)], save)
    const scheduled = await scheduleOf(tx, post)
    await saveMetrics(tx, [readingAt(post, 90)], save)

    expect(untouched?.next_collect_at).toEqual(after(10))
    expect(scheduled?.next_collect_at).toEqual(after(300))
    expect(await scheduleOf(tx, post)).toEqual(scheduled)
    expect(await count(tx, 'public.post_analytics where post_id = $1', [post])).toBe(2)
  }))

test('stops asking for a segment that X did not have three times in a row', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await publishedPost(tx, account)
    const look = async (seconds: number, outcome: 'read' | 'missing') => {
      const now = after(seconds)
      const { claimId } = await claimCollections(tx, { now })
      const reading = { ...readingAt(post, seconds), outcome } as ReturnType<typeof readingAt>
      await saveMetrics(tx, [reading], { claimId, released: [releaseOf(account.id)], now })
      return (await scheduleOf(tx, post))?.missing_streak
    }

    expect(await look(20, 'missing')).toBe(1)
    expect(await look(70, 'read')).toBe(0)
    expect(await look(400, 'missing')).toBe(1)
    expect(await look(2_000, 'missing')).toBe(2)
    expect(await look(80_000, 'missing')).toBeUndefined()
    expect(await count(tx, 'public.post_analytics where post_id = $1', [post])).toBe(1)
  }))

test('leaves an account alone until its rate window ends', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await publishedPost(tx, account)
    const { claimId } = await claimCollections(tx)

    const until = after(900).toISOString()
    await saveMetrics(tx, [], {
      claimId,
      released: [releaseOf(account.id, { blocked_until: until })],
    })

    expect((await claimCollections(tx, { now: after(899) })).accounts).toEqual([])
    expect((await claimCollections(tx, { now: after(900) })).accounts).toHaveLength(1)
  }))

test('leaves every account of an app alone when its credits are exhausted, and alerts', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await publishedPost(tx, account)
    await publishedPost(tx, await connectAccount(tx))
    const { claimId } = await claimCollections(tx, { limit: 1 })
    const blocked = { scope: 'app', blocked_until: after(900).toISOString(), detail: 'no credits' }

    await saveMetrics(tx, [], { claimId, released: [releaseOf(account.id, blocked as object)] })
    const during = await claimCollections(tx, { now: after(800) })
    const alerts = () => count(tx, `private.alerts where kind = 'metrics-blocked'`)
    const raised = await alerts()
    await tx.query('select private.analytics_tick($1)', [after(901)])

    expect(during.accounts).toEqual([])
    expect(raised).toBe(1)
    expect(await alerts()).toBe(0)
  }))

test('follows the breaker that publishing opened', () =>
  withTx(async (tx) => {
    await publishedPost(tx, await connectAccount(tx))
    await tx.query('update private.x_apps set breaker_open_until = $1', [after(600)])

    expect((await claimCollections(tx, { now: after(599) })).accounts).toEqual([])
    expect((await claimCollections(tx, { now: after(601) })).accounts).toHaveLength(1)
  }))

test('measures paused accounts, and none whose tokens are gone', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await publishedPost(tx, account)
    const become = (status: string) =>
      tx.query(
        `update public.accounts
         set status = $2, paused_at = case $2 when 'paused' then now() end
         where id = $1`,
        [account.id, status],
      )

    await become('needs_reauth')
    const without = await claimCollections(tx)
    await become('paused')
    const paused = await claimCollections(tx)

    expect(without.accounts).toEqual([])
    expect(paused.accounts).toHaveLength(1)
  }))

test('claims nothing while publishing is held after a restore', () =>
  withTx(async (tx) => {
    await publishedPost(tx, await connectAccount(tx))
    await tx.query('update private.incarnation set timeline = timeline + 1')

    expect((await claimCollections(tx)).accounts).toEqual([])
  }))

test('a thread that goes on later is measured from its first segment on', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await publishedPost(tx, account)
    await tx.query(
      `insert into public.post_segments (
         post_id, position, workspace_id, text, status, remote_id, published_at
       ) values ($1, 1, $2, 'text', 'published', $3, $4)`,
      [post, account.person.workspaceId, randomUUID(), after(60)],
    )
    await tx.query(
      `insert into public.events (workspace_id, type, subject_type, subject_id)
       values ($1, 'post.published', 'post', $2)`,
      [account.person.workspaceId, post],
    )
    await tx.query('select private.measure_new_posts()')

    expect(await count(tx, 'private.metric_schedules where post_id = $1', [post])).toBe(2)
    expect(await count(tx, 'private.stat_increments where posts > 0')).toBe(1)
  }))
