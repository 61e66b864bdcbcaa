import { expect, test } from 'vitest'
import { withTx } from '../../helpers/database.ts'
import {
  at,
  claimJobs,
  connectAccount,
  count,
  eventTypes,
  go,
  NOW,
  readAttempts,
  readPost,
  readSegments,
  rescue,
  resultFor,
  schedulePost,
  settle,
  startSending,
} from '../../helpers/publishing.ts'

const first = <T>(items: T[]): T => items[0] as T

test('publishes an accepted post once, however often the answer is reported', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account)
    const { claimId, attempts } = await startSending(tx)
    const result = resultFor(first(attempts), 'accepted', { sent_at: NOW.toISOString() })

    await settle(tx, claimId, [result], { release: [account.id] })
    await settle(tx, claimId, [result])

    expect(await readPost(tx, post)).toMatchObject({ status: 'published', published_at: NOW })
    expect(await readSegments(tx, post)).toEqual([
      { status: 'published', remote_id: result.remote_id },
    ])
    expect(await eventTypes(tx, post)).toEqual(['post.created', 'post.scheduled', 'post.published'])
    expect(await count(tx, 'private.publish_jobs where post_id = $1', [post])).toBe(0)
    expect(await count(tx, 'private.live_attempts where post_id = $1', [post])).toBe(0)
  }))

test('frees the lane for the next post of the account', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account)
    const next = await schedulePost(tx, account, { due: at(30) })
    const { claimId, attempts } = await startSending(tx)

    await settle(tx, claimId, [resultFor(first(attempts), 'accepted')], { release: [account.id] })

    const claim = await claimJobs(tx, { now: at(26) })
    expect(claim.lanes.flatMap(({ jobs }) => jobs)).toMatchObject([{ post_id: next }])
  }))

test('commits each segment of a thread before the next may go, and replies to it', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, { texts: ['one', 'two'] })
    const { claimId, attempts } = await startSending(tx)
    expect(await go(tx, claimId, [post])).toEqual([])

    await settle(tx, claimId, [resultFor(first(attempts), 'accepted', { remote_id: '11' })])
    const second = await go(tx, claimId, [post])

    expect(first(attempts)).toMatchObject({ text: 'one', reply_to: null, is_last: false })
    expect(second).toMatchObject([{ text: 'two', reply_to: '11', position: 1, is_last: true }])
    expect((await readPost(tx, post)).status).toBe('publishing')
    await settle(tx, claimId, [resultFor(first(second), 'accepted')])
    expect((await readPost(tx, post)).status).toBe('published')
  }))

test('says that a thread is partially published when X refuses a later segment', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, { texts: ['one', 'two', 'three'] })
    const { claimId, attempts } = await startSending(tx)
    await settle(tx, claimId, [resultFor(first(attempts), 'accepted')])
    const second = await go(tx, claimId, [post])

    await settle(tx, claimId, [resultFor(first(second), 'refused')])

    expect(await readPost(tx, post)).toMatchObject({
      status: 'partially_published',
      failure: { slug: 'test', segment: 1 },
    })
    expect((await readSegments(tx, post)).map(({ status }) => status)).toEqual([
      'published',
      'failed',
      'pending',
    ])
    expect(await count(tx, 'private.publish_jobs where post_id = $1', [post])).toBe(0)
  }))

test('waits out a rate window in the middle of a thread without losing its place', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, { texts: ['one', 'two'], lateAfterSeconds: 60 })
    const { claimId, attempts } = await startSending(tx)
    await settle(tx, claimId, [resultFor(first(attempts), 'accepted')])
    const second = await go(tx, claimId, [post])

    const until = at(900).toISOString()
    const retry = resultFor(first(second), 'retry', { block_account_until: until })
    await settle(tx, claimId, [retry], { release: [account.id] })

    expect((await claimJobs(tx, { now: at(800) })).lanes).toEqual([])
    const resumed = await startSending(tx, at(900))
    expect(resumed.attempts).toMatchObject([{ post_id: post, position: 1, number: 2 }])
  }))

test('stops every account of an app that is out of credits, and says so', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const other = await connectAccount(tx)
    const post = await schedulePost(tx, account)
    const { claimId, attempts } = await startSending(tx)
    await schedulePost(tx, other)
    const until = at(300).toISOString()

    await settle(
      tx,
      claimId,
      [
        resultFor(first(attempts), 'retry', {
          block_app_until: until,
        }),
      ],
      { release: [account.id] },
    )

    expect((await readPost(tx, post)).status).toBe('scheduled')
    expect((await claimJobs(tx, { now: at(100) })).lanes).toEqual([])
    expect(await count(tx, `private.alerts where kind = 'x-app-blocked'`)).toBe(1)
    expect((await claimJobs(tx, { now: at(301) })).lanes).toHaveLength(2)
  }))

test('fails a refused post with the reason, and lets its author schedule it again', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account)
    const { claimId, attempts } = await startSending(tx)

    await settle(tx, claimId, [resultFor(first(attempts), 'refused')], { release: [account.id] })

    expect(await readPost(tx, post)).toMatchObject({ status: 'failed', failure: { slug: 'test' } })
    await tx.query(`select set_config('request.jwt.claims', $1, true)`, [
      JSON.stringify({ sub: account.person.id, role: 'authenticated' }),
    ])
    await tx.query('select public.schedule_post($1, $2)', [post, at(60)])
    const again = await startSending(tx, at(60))
    expect(again.attempts).toMatchObject([{ post_id: post, number: 2 }])
  }))

test('makes an attempt without an answer unknown at its deadline, never earlier', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account)
    await startSending(tx)

    expect(await rescue(tx, at(29))).toBe(0)
    expect(await rescue(tx, at(30))).toBe(1)

    expect((await readPost(tx, post)).status).toBe('unconfirmed')
    expect(await readAttempts(tx, post)).toMatchObject([{ status: 'unknown' }])
    expect(await eventTypes(tx, post)).toContain('post.unconfirmed')
    expect((await claimJobs(tx, { now: at(60) })).lanes).toEqual([])
  }))

test('adopts an answer that comes after the rescue', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account)
    const { claimId, attempts } = await startSending(tx)
    await rescue(tx, at(31))

    await settle(tx, claimId, [resultFor(first(attempts), 'accepted')], { now: at(40) })

    expect((await readPost(tx, post)).status).toBe('published')
    expect(await readAttempts(tx, post)).toMatchObject([{ status: 'accepted' }])
  }))

test('goes on with a thread whose segment was answered late', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, { texts: ['one', 'two'] })
    const { claimId, attempts } = await startSending(tx)
    await rescue(tx, at(31))

    await settle(tx, claimId, [resultFor(first(attempts), 'accepted')], { now: at(40) })

    expect((await readPost(tx, post)).status).toBe('partially_published')
    const resumed = await startSending(tx, at(41))
    expect(resumed.attempts).toMatchObject([{ post_id: post, position: 1 }])
  }))

test('never adopts one post on X for two segments', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account)
    const second = await schedulePost(tx, await connectAccount(tx))
    const { claimId, attempts } = await startSending(tx)
    const results = attempts.map((attempt) => resultFor(attempt, 'accepted', { remote_id: '77' }))
    const mine = results.filter(({ post_id }) => post_id !== second)
    const foreign = results.filter(({ post_id }) => post_id === second)

    await settle(tx, claimId, mine)
    await settle(tx, claimId, foreign)

    expect((await readPost(tx, second)).status).toBe('publishing')
    expect(await count(tx, `private.remote_posts where remote_id = '77'`)).toBe(1)
  }))
