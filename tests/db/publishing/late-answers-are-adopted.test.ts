import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  actFor,
  at,
  claimJobs,
  claimLooks,
  connectAccount,
  count,
  go,
  look,
  readPost,
  readSegments,
  rescue,
  resultFor,
  schedulePost,
  settle,
  settleLooks,
  startSending,
} from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const first = <T>(items: T[]): T => items[0] as T

/** A post whose first attempt was given up as absent, so that it waits to be sent again. */
const givenUp = async (tx: Tx, texts?: string[]) => {
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account, { texts, latePolicy: 'publish' })
  const { claimId, attempts } = await startSending(tx)
  await rescue(tx, at(30))
  await look(tx, at(421), { verdict: 'absent' })
  await look(tx, at(480), { verdict: 'absent' })
  expect((await readPost(tx, post)).status).toBe('scheduled')
  return { account, post, claimId, attempt: first(attempts) }
}

const alerts = (tx: Tx, post: string) =>
  count(tx, `private.alerts where kind = 'accepted-after-absent' and subject = $1`, [post])

test('what X took after all is not sent again, even when two looks had not seen it', () =>
  withTx(async (tx) => {
    const { post, claimId, attempt } = await givenUp(tx)

    await settle(tx, claimId, [resultFor(attempt, 'accepted')], { now: at(490) })

    expect((await readPost(tx, post)).status).toBe('published')
    expect((await claimJobs(tx, { now: at(500) })).lanes).toEqual([])
    expect(await alerts(tx, post)).toBe(1)
  }))

test('a worker that had already claimed it again is refused by Go', () =>
  withTx(async (tx) => {
    const { post, claimId, attempt } = await givenUp(tx)
    const again = await claimJobs(tx, { now: at(490) })

    await settle(tx, claimId, [resultFor(attempt, 'accepted')], { now: at(491) })

    expect(await go(tx, again.claimId, [post], { now: at(492) })).toEqual([])
  }))

test('a thread goes on behind a first segment that was accepted late, never before it', () =>
  withTx(async (tx) => {
    const { claimId, attempt } = await givenUp(tx, ['one', 'two'])

    await settle(tx, claimId, [resultFor(attempt, 'accepted', { remote_id: '11' })], {
      now: at(490),
    })

    expect((await startSending(tx, at(491))).attempts).toMatchObject([
      { position: 1, text: 'two', reply_to: '11' },
    ])
  }))

test('is adopted while the second attempt is unknown, and ends the doubt', () =>
  withTx(async (tx) => {
    const { post, claimId, attempt } = await givenUp(tx)
    await startSending(tx, at(490))
    await rescue(tx, at(520))

    await settle(tx, claimId, [resultFor(attempt, 'accepted', { remote_id: '1' })], {
      now: at(530),
    })

    expect(await readSegments(tx, post)).toEqual([{ status: 'published', remote_id: '1' }])
    expect(await count(tx, 'private.live_attempts where post_id = $1', [post])).toBe(0)
  }))

/** What an operator is told, without the ids of ours. */
const detailOf = async (tx: Tx, post: string): Promise<string | undefined> =>
  (
    await tx.query<{ detail: string }>(
      `select replace(detail, subject, 'it') as detail from private.alerts
       where kind = 'accepted-after-absent' and subject = $1`,
      [post],
    )
  ).rows[0]?.detail

test('of a real double both are named, once the second one is there, too', () =>
  withTx(async (tx) => {
    const { post, attempt } = await givenUp(tx)
    await tx.query('update private.given_up_attempts set next_look_at = $1', [at(485)])
    const looks = await claimLooks(tx, at(485))
    const again = await startSending(tx, at(490))
    const finds = looks.map((open) => ({
      ...open,
      verdict: 'found',
      remote_id: 'R1',
      sent_at: at(2),
    }))
    await settleLooks(tx, finds, at(491))
    expect(finds).toMatchObject([{ number: attempt.number }])
    expect(await detailOf(tx, post)).toContain('as R1 after it had been given up; the post has no')

    const second = resultFor(first(again.attempts), 'accepted', { remote_id: 'R2' })
    await settle(tx, again.claimId, [second], { now: at(492) })
    expect(await readSegments(tx, post)).toEqual([{ status: 'published', remote_id: 'R2' }])
    expect(await detailOf(tx, post)).toContain('as R1 after it had been given up; the post has R2.')
  }))

test('of one post that two attempts were told, nobody is told that it is there twice', () =>
  withTx(async (tx) => {
    const { post, claimId, attempt } = await givenUp(tx)
    const again = await startSending(tx, at(490))
    const second = resultFor(first(again.attempts), 'accepted', { remote_id: 'R1' })
    await settle(tx, again.claimId, [second], { now: at(492) })
    await settle(tx, claimId, [resultFor(attempt, 'accepted', { remote_id: 'R1' })], {
      now: at(493),
    })

    expect(await readSegments(tx, post)).toEqual([{ status: 'published', remote_id: 'R1' }])
    expect(await alerts(tx, post)).toBe(0)
  }))

test('a second attempt in doubt that it takes the place of is watched, and both are named if X has it', () =>
  withTx(async (tx) => {
    const { post, claimId, attempt } = await givenUp(tx)
    const again = await startSending(tx, at(490))
    await rescue(tx, at(520))
    await settle(tx, claimId, [resultFor(attempt, 'accepted', { remote_id: 'R1' })], {
      now: at(530),
    })
    expect(await detailOf(tx, post)).toContain('the post has no other')

    // Of the two attempts the second alone is still to be found.
    const looks = await claimLooks(tx, at(900))
    expect(looks).toMatchObject([{ post_id: post, number: first(again.attempts).number, tries: 1 }])
    const finds = looks.map((open) => ({
      ...open,
      verdict: 'found',
      remote_id: 'R2',
      sent_at: at(491),
    }))
    await settleLooks(tx, finds, at(901))

    expect(await readSegments(tx, post)).toEqual([{ status: 'published', remote_id: 'R1' }])
    expect(await detailOf(tx, post)).toContain('as R2 after it had been given up; the post has R1.')
    expect(await count(tx, 'private.given_up_attempts where post_id = $1', [post])).toBe(0)
  }))

test('a third attempt that is taken beside an earlier one names every id there is', () =>
  withTx(async (tx) => {
    const { post, claimId, attempt } = await givenUp(tx)
    const again = await startSending(tx, at(490))
    await rescue(tx, at(520))
    await look(tx, at(1000), { verdict: 'absent' })
    await look(tx, at(1061), { verdict: 'absent' })
    const third = await startSending(tx, at(1070))
    for (const [late, remote_id] of [
      [attempt, 'R1'],
      [first(again.attempts), 'R2'],
    ] as const) {
      await settle(tx, claimId, [resultFor(late, 'accepted', { remote_id })], { now: at(1071) })
    }
    expect(await detailOf(tx, post)).toContain('as R2 after it had been given up; the post has R1.')

    const last = resultFor(first(third.attempts), 'accepted', { remote_id: 'R3' })
    await settle(tx, third.claimId, [last], { now: at(1072) })
    expect(await detailOf(tx, post)).toMatch(/R[12] after it had .* has R[12], R3\./)
  }))

test('is recorded and alerted when the second attempt is on its way or on X already', () =>
  withTx(async (tx) => {
    const { post, claimId, attempt } = await givenUp(tx)
    const again = await startSending(tx, at(490))

    await settle(tx, claimId, [resultFor(attempt, 'accepted', { remote_id: '1' })], {
      now: at(491),
    })
    await settle(tx, again.claimId, [resultFor(first(again.attempts), 'accepted')], {
      now: at(492),
    })

    expect((await readPost(tx, post)).status).toBe('published')
    expect(await alerts(tx, post)).toBe(1)
    expect(
      await count(tx, `public.publish_attempts where post_id = $1 and status = 'accepted'`, [post]),
    ).toBe(2)
  }))

for (const outcome of ['retry', 'refused', 'unknown'] as const) {
  test(`counts in the end when the second attempt, under way meanwhile, ends as ${outcome}`, () =>
    withTx(async (tx) => {
      const { post, claimId, attempt } = await givenUp(tx, ['one', 'two'])
      const again = await startSending(tx, at(490))
      const late = resultFor(attempt, 'accepted', { remote_id: '1' })
      await settle(tx, claimId, [late], { now: at(491) })

      const second = resultFor(first(again.attempts), outcome)
      await settle(tx, again.claimId, [second], { now: at(492) })

      expect(await readSegments(tx, post)).toEqual([
        { status: 'published', remote_id: '1' },
        { status: 'pending', remote_id: null },
      ])
      expect(await count(tx, 'private.live_attempts where post_id = $1', [post])).toBe(0)
      await settle(tx, again.claimId, [second, late], { now: at(493) })
      expect((await startSending(tx, at(540))).attempts).toMatchObject([
        { position: 1, text: 'two', reply_to: '1' },
      ])
    }))

  test(`counts when it comes in one batch with a second attempt that ended as ${outcome}`, () =>
    withTx(async (tx) => {
      const { post, attempt } = await givenUp(tx)
      const again = await startSending(tx, at(490))
      const second = resultFor(first(again.attempts), outcome)
      const late = resultFor(attempt, 'accepted', { remote_id: '1' })

      await settle(tx, again.claimId, [second, late], { now: at(492) })

      expect((await readPost(tx, post)).status).toBe('published')
      expect(await readSegments(tx, post)).toEqual([{ status: 'published', remote_id: '1' }])
      expect(await count(tx, 'private.publish_jobs where post_id = $1', [post])).toBe(0)
      expect((await tx.query('select * from private.ledger_faults() as fault')).rows).toEqual([])
    }))
}

test('a segment that its second attempt published keeps that id when the first answers in its batch', () =>
  withTx(async (tx) => {
    const { post, attempt } = await givenUp(tx)
    const again = await startSending(tx, at(490))
    const late = resultFor(attempt, 'accepted', { remote_id: '1' })
    const second = resultFor(first(again.attempts), 'accepted', { remote_id: '2' })

    await settle(tx, again.claimId, [late, second], { now: at(492) })

    expect(await readSegments(tx, post)).toEqual([{ status: 'published', remote_id: '2' }])
    expect(await alerts(tx, post)).toBe(1)
    expect(await count(tx, `private.remote_posts where post_id = $1`, [post])).toBe(1)
  }))

test('overrules a person who had not found it', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account)
    const { claimId, attempts } = await startSending(tx)
    await rescue(tx, at(30))
    await actFor(tx, account)
    await tx.query(`update private.live_attempts set sending_at = now() - interval '1 day'`)
    await tx.query('select public.resolve_post($1)', [post])
    expect((await readPost(tx, post)).status).toBe('failed')

    await settle(tx, claimId, [resultFor(first(attempts), 'accepted')], { now: at(600) })

    expect((await readPost(tx, post)).status).toBe('published')
    expect(await alerts(tx, post)).toBe(1)
  }))

test('leaves a post alone that its author has withdrawn meanwhile, and alerts', () =>
  withTx(async (tx) => {
    const { account, post, claimId, attempt } = await givenUp(tx)
    await actFor(tx, account)
    await tx.query('select public.cancel_post($1)', [post])

    await settle(tx, claimId, [resultFor(attempt, 'accepted')], { now: at(490) })

    expect((await readPost(tx, post)).status).toBe('canceled')
    expect(await alerts(tx, post)).toBe(1)
  }))

test('a draft that X turned out to have is not sent again, whatever was rewritten', () =>
  withTx(async (tx) => {
    const { account, post, claimId, attempt } = await givenUp(tx)
    await actFor(tx, account)
    await tx.query('select public.unschedule_post($1)', [post])
    const taken = resultFor(attempt, 'accepted', { remote_id: '11' })
    await settle(tx, claimId, [taken], { now: at(490) })
    expect(await alerts(tx, post)).toBe(1)

    for (const verb of ['schedule_post($1, $2)', 'review_post($1)']) {
      const values = verb.startsWith('schedule')
        ? [post, at(9000)]
        : [{ post_id: post, scheduled_at: at(9000) }]
      expect(await refusalOf(tx, `select public.${verb}`, values)).toMatchObject({
        message: 'already-published',
        detail: expect.stringContaining('as 11'),
      })
    }
    await tx.query('select public.cancel_post($1)', [post])
  }))

test('what is found while it is being sent again is still known when X calls that a duplicate', () =>
  withTx(async (tx) => {
    const { post, attempt } = await givenUp(tx)
    const again = await startSending(tx, at(490))
    const found = { verdict: 'found', remote_id: '11', sent_at: at(1).toISOString() }
    const find = { ...found, post_id: post, position: 0, number: attempt.number }
    await tx.query('select private.settle_finds($1, $2)', [JSON.stringify([find]), at(491)])
    expect(await count(tx, 'private.given_up_attempts where post_id = $1', [post])).toBe(1)

    const duplicate = resultFor(first(again.attempts), 'unknown')
    await settle(tx, again.claimId, [duplicate], { now: at(492) })
    await look(tx, at(1000), { verdict: 'found', remote_id: '11', sent_at: at(1).toISOString() })
    expect((await readPost(tx, post)).status).toBe('published')
    expect((await readSegments(tx, post))[0]?.remote_id).toBe('11')
  }))

test('of a thread that its author unpublished it is deleted, too, and nothing more is sent', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const texts = ['one', 'two', 'three']
    const post = await schedulePost(tx, account, { texts, latePolicy: 'publish' })
    const one = await startSending(tx)
    await settle(
      tx,
      one.claimId,
      [resultFor(first(one.attempts), 'accepted', { remote_id: '11' })],
      {
        release: [account.id],
      },
    )
    const two = await startSending(tx, at(60))
    await rescue(tx, at(100))
    await actFor(tx, account)
    await tx.query(`update private.live_attempts set sending_at = now() - interval '1 day'`)
    await tx.query('select public.resolve_post($1)', [post])
    await tx.query('select public.unpublish_post($1)', [post])
    await tx.query('select service.settle_removal($1, 0::smallint, p_now => $2)', [post, at(900)])
    expect(await readPost(tx, post)).toMatchObject({ unpublished_at: at(900) })

    const late = resultFor(first(two.attempts), 'accepted', { remote_id: '12' })
    await settle(tx, two.claimId, [late], { now: at(1000) })
    expect(await readPost(tx, post)).toMatchObject({
      status: 'partially_published',
      unpublished_at: null,
    })
    expect(await count(tx, 'private.publish_jobs where post_id = $1', [post])).toBe(0)
    expect(await count(tx, 'private.removals where post_id = $1', [post])).toBe(1)
    expect((await startSending(tx, at(1100))).attempts).toEqual([])
    expect((await tx.query('select * from private.ledger_faults() as fault')).rows).toEqual([])
  }))

test('of a post whose owner deleted it on X, it stays there until somebody asks for more', () =>
  withTx(async (tx) => {
    const { post, claimId, attempt } = await givenUp(tx, ['one', 'two'])
    await settle(tx, claimId, [resultFor(attempt, 'accepted', { remote_id: '11' })], {
      now: at(490),
    })
    const two = await startSending(tx, at(600))
    await rescue(tx, at(640))
    await look(tx, at(1100), { verdict: 'absent' })
    await look(tx, at(1200), { verdict: 'absent' })
    await tx.query(`select private.note_removed($1, 0::smallint, '11', $2)`, [post, at(1300)])
    const late = resultFor(first(two.attempts), 'accepted', { remote_id: '12' })
    await settle(tx, two.claimId, [late], { now: at(1400) })
    expect(await readSegments(tx, post)).toMatchObject([{}, { remote_id: '12' }])
    expect(await readPost(tx, post)).toMatchObject({ unpublished_at: null })
    expect(await count(tx, 'private.removals where post_id = $1', [post])).toBe(0)
  }))

test('a late "nothing left me" sends the segment of a rescued thread again, and stops no Go', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, { texts: ['one', 'two'] })
    const { claimId, attempts } = await startSending(tx)
    await settle(tx, claimId, [resultFor(first(attempts), 'accepted')])
    const second = await go(tx, claimId, [post])
    await rescue(tx, at(31))
    expect((await readPost(tx, post)).status).toBe('unconfirmed')

    await settle(tx, claimId, [resultFor(first(second), 'retry')], {
      release: [account.id],
      now: at(40),
    })

    expect(await readPost(tx, post)).toMatchObject({
      status: 'partially_published',
      // What it waits for, and no more that nobody knows.
      failure: { slug: 'test', segment: 1 },
    })
    expect((await startSending(tx, at(41))).attempts).toMatchObject([{ position: 1, number: 2 }])
  }))
