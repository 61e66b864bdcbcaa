import { expect, test } from 'vitest'
import {
  after,
  claimCollections,
  publishedPost,
  readingAt,
  releaseOf,
  rollUpAll,
  saveMetrics,
} from '../../helpers/analytics.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { connectAccount, count } from '../../helpers/publishing.ts'

const configure = (tx: Tx) =>
  tx.query(
    `select vault.create_secret('http://127.0.0.1:1', 'project_url'),
            vault.create_secret('sb_secret_x', 'cron_key')`,
  )

const tick = async (tx: Tx, seconds: number) => {
  const { rows } = await tx.query<{ rang: boolean }>('select private.analytics_tick($1) as rang', [
    after(seconds),
  ])
  return rows[0]?.rang
}

test('rings while metrics are due or not rolled up, and is silent otherwise', () =>
  withTx(async (tx) => {
    await configure(tx)
    const silent = await tick(tx, 0)
    const account = await connectAccount(tx)
    const post = await publishedPost(tx, account)
    const posted = await tick(tx, 1)
    await rollUpAll(tx)
    const young = await tick(tx, 2)
    const due = await tick(tx, 12)
    const { claimId } = await claimCollections(tx)
    const claimed = await tick(tx, 21)
    await saveMetrics(tx, [readingAt(post, 20, { impressions: 3 })], {
      claimId,
      released: [releaseOf(account.id)],
    })
    const dirty = await tick(tx, 22)
    await rollUpAll(tx)

    expect({ silent, posted, young, due, claimed, dirty, done: await tick(tx, 23) }).toEqual({
      silent: false,
      posted: true,
      young: false,
      due: true,
      claimed: false,
      dirty: true,
      done: false,
    })
    expect(await count(tx, 'net.http_request_queue')).toBe(3)
  }))

test('is silent while publishing is held after a restore', () =>
  withTx(async (tx) => {
    await configure(tx)
    await publishedPost(tx, await connectAccount(tx))
    await rollUpAll(tx)
    await tx.query('update private.incarnation set timeline = timeline + 1')

    expect(await tick(tx, 900)).toBe(false)
  }))

test('a reading that changes nothing gives nothing to roll up', () =>
  withTx(async (tx) => {
    const post = await publishedPost(tx, await connectAccount(tx))
    await saveMetrics(tx, [readingAt(post, 20, { impressions: 3 })])
    await rollUpAll(tx)

    await saveMetrics(tx, [readingAt(post, 60, { impressions: 3 })])

    expect(await count(tx, 'private.stat_increments')).toBe(0)
  }))

test('takes in posts published lately, of which publishing only left a note', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await publishedPost(tx, account)
    await tx.query('delete from public.post_stats')
    await tx.query('delete from private.metric_schedules')
    await tx.query('insert into private.unmeasured_posts (post_id) values ($1), ($1)', [post])

    await tick(tx, 30)

    const { rows } = await tx.query(
      'select next_collect_at from private.metric_schedules where post_id = $1',
      [post],
    )
    expect(rows).toEqual([{ next_collect_at: after(30) }])
    expect(await count(tx, 'private.unmeasured_posts')).toBe(0)
    expect(await count(tx, 'public.post_stats where post_id = $1', [post])).toBe(1)
  }))
