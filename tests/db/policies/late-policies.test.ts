import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  actFor,
  at,
  connectAccount,
  count,
  eventTypes,
  readPost,
  schedulePost,
  startSending,
  tick,
} from '../../helpers/publishing.ts'

const staleAt = async (tx: Tx, post: string) =>
  (
    await tx.query<{ stale_at: Date }>(
      'select stale_at from private.publish_jobs where post_id = $1',
      [post],
    )
  ).rows[0]?.stale_at

test('a post that waits longer than its patience is held, and its author sends or moves it', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const [sent, moved] = [
      await schedulePost(tx, account, { lateAfterSeconds: 60 }),
      await schedulePost(tx, account, { lateAfterSeconds: 60 }),
    ]
    await tick(tx, at(61))
    for (const post of [sent, moved]) {
      expect(await readPost(tx, post)).toMatchObject({ status: 'held', held_reason: 'stale' })
      expect(await eventTypes(tx, post)).toContain('post.held')
    }
    expect((await startSending(tx, at(62))).attempts).toEqual([])

    await actFor(tx, account)
    await tx.query('select public.schedule_post($1, $2)', [moved, at(7200)])
    await tx.query('select public.retry_post($1)', [sent])
    expect(await readPost(tx, sent)).toMatchObject({ status: 'scheduled', held_reason: null })
    await tick(tx, at(-3560))
    expect((await startSending(tx, at(-3560))).attempts.map(({ post_id }) => post_id)).toEqual([
      sent,
    ])
    expect((await startSending(tx, at(7200))).attempts.map(({ post_id }) => post_id)).toEqual([
      moved,
    ])
  }))

test('patience counts from the moment a post was asked for, when its time had passed by then', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, {
      due: new Date(Date.now() - 50_000),
      lateAfterSeconds: 5,
    })
    expect((await staleAt(tx, post))?.getTime()).toBeGreaterThan(Date.now() + 1_000)
  }))

test('a change of the post takes none of its patience, and gives it none', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, {
      due: new Date(Date.now() - 50_000),
      lateAfterSeconds: 5,
    })
    const promised = (await staleAt(tx, post))?.getTime() ?? 0
    await actFor(tx, account)

    await tx.query(`select public.update_post($1, '{"segments": ["better"]}')`, [post])
    expect((await staleAt(tx, post))?.getTime()).toBe(promised)

    await tx.query(`select public.update_post($1, '{"late_after_seconds": 65}')`, [post])
    expect((await staleAt(tx, post))?.getTime()).toBe(promised + 60_000)
  }))

test('one that was to go out however late is patient from the moment that is changed', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const due = new Date(Date.now() - 50_000)
    const post = await schedulePost(tx, account, {
      due,
      latePolicy: 'publish',
      lateAfterSeconds: 5,
    })
    await actFor(tx, account)

    await tx.query(`select public.update_post($1, '{"late_policy": "hold"}')`, [post])

    expect((await staleAt(tx, post))?.getTime()).toBeGreaterThan(Date.now() + 1_000)
  }))

test('a changed policy takes effect on what waits', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, { lateAfterSeconds: 60 })
    await actFor(tx, account)
    await tx.query(`select public.update_post($1, '{"late_after_seconds": 600}')`, [post])
    expect(await staleAt(tx, post)).toEqual(at(600))
    await tx.query(`select public.update_post($1, '{"late_policy": "publish"}')`, [post])
    expect(await staleAt(tx, post)).toBe(Number.POSITIVE_INFINITY)
    await tick(tx, at(90_000))
    expect((await startSending(tx, at(90_000))).attempts).toHaveLength(1)
  }))

test('a missed post is tried again or canceled; either way nothing is left behind', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const posts = [
      await schedulePost(tx, account, { latePolicy: 'miss', lateAfterSeconds: 1 }),
      await schedulePost(tx, account, { latePolicy: 'miss', lateAfterSeconds: 1 }),
    ]
    await tick(tx, at(2))
    await actFor(tx, account)
    await tx.query('select public.retry_post($1)', [posts[0]])
    await tx.query('select public.cancel_post($1)', [posts[1]])
    expect((await readPost(tx, posts[0] ?? '')).status).toBe('scheduled')
    expect((await readPost(tx, posts[1] ?? '')).status).toBe('canceled')
    expect(await count(tx, 'private.publish_jobs')).toBe(1)
  }))
