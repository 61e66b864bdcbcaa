import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  actFor,
  at,
  claimJobs,
  claimLooks,
  connectAccount,
  count,
  eventTypes,
  look as lookAt,
  readPost,
  rescue,
  resultFor,
  schedulePost,
  settle,
  startSending,
} from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const QUIET_SECONDS = 420

const unconfirmed = async (tx: Tx, texts?: string[]) => {
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account, { texts, latePolicy: 'publish' })
  const { claimId, attempts } = await startSending(tx)
  await rescue(tx, at(30))
  return { account, post, claimId, attempt: attempts[0] as (typeof attempts)[number] }
}

const look = (tx: Tx, seconds: number, verdict: object) => lookAt(tx, at(seconds), verdict)

test('adopts what it finds on X', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)

    await look(tx, 45, { verdict: 'found', remote_id: '42', sent_at: at(1) })

    expect(await readPost(tx, post)).toMatchObject({ status: 'published', published_at: at(1) })
  }))

test('sends nothing again while a frozen worker could still wake, whatever it does not see', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    for (const seconds of [45, 60, 120, 300, QUIET_SECONDS]) {
      await look(tx, seconds, { verdict: 'absent' })
    }

    expect((await readPost(tx, post)).status).toBe('unconfirmed')
    expect((await claimJobs(tx, { now: at(QUIET_SECONDS) })).lanes).toEqual([])
  }))

test('sends again after two looks of "absent" past the quiet time', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)

    await look(tx, QUIET_SECONDS + 1, { verdict: 'absent' })
    expect((await readPost(tx, post)).status).toBe('unconfirmed')
    await look(tx, QUIET_SECONDS + 60, { verdict: 'absent' })

    expect((await readPost(tx, post)).status).toBe('scheduled')
    const again = await startSending(tx, at(QUIET_SECONDS + 61))
    expect(again.attempts).toMatchObject([{ post_id: post, number: 2 }])
  }))

test('what the second attempt found to be there already was published when X says', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    await look(tx, QUIET_SECONDS + 1, { verdict: 'absent' })
    await look(tx, QUIET_SECONDS + 60, { verdict: 'absent' })
    const { claimId, attempts } = await startSending(tx, at(QUIET_SECONDS + 61))
    const results = attempts.map((attempt) => resultFor(attempt, 'unknown'))
    await settle(tx, claimId, results, { now: at(QUIET_SECONDS + 62) })

    await look(tx, QUIET_SECONDS + 80, { verdict: 'found', remote_id: '42', sent_at: at(150) })

    expect(await readPost(tx, post)).toMatchObject({ status: 'published', published_at: at(150) })
  }))

test('what waits to be sent again stays as it was: X knows it by that', () =>
  withTx(async (tx) => {
    const { account, post } = await unconfirmed(tx, ['one', 'two'])
    await look(tx, QUIET_SECONDS + 1, { verdict: 'absent' })
    await look(tx, QUIET_SECONDS + 60, { verdict: 'absent' })
    await actFor(tx, account)

    const sql = 'select public.update_post($1, $2)'
    expect(await refusalOf(tx, sql, [post, { segments: ['uno', 'two'] }])).toMatchObject({
      code: 'PT409',
      message: 'outcome-unknown',
    })
    await tx.query(sql, [post, { segments: ['one', 'due', 'tre'], late_policy: 'publish' }])
    expect((await startSending(tx, at(QUIET_SECONDS + 61))).attempts).toMatchObject([
      { post_id: post, number: 2, text: 'one' },
    ])
  }))

test('takes a refusal, a timeout or an incomplete timeline for no evidence', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    for (const seconds of [500, 600, 700, 800]) {
      await look(tx, seconds, { verdict: 'no_evidence' })
    }

    expect((await readPost(tx, post)).status).toBe('unconfirmed')
    expect(await count(tx, 'private.live_attempts where absent_count = 0')).toBe(1)
  }))

test('leaves a reply, and a workspace that forbids it, to a person', () =>
  withTx(async (tx) => {
    const thread = await unconfirmed(tx, ['one', 'two'])
    await settle(tx, thread.claimId, [resultFor(thread.attempt, 'accepted')], { now: at(35) })
    await startSending(tx, at(36))
    await rescue(tx, at(70))
    await look(tx, 1000, { verdict: 'absent' })
    await look(tx, 1100, { verdict: 'absent' })
    expect((await readPost(tx, thread.post)).status).toBe('unconfirmed')

    const forbidden = await unconfirmed(tx)
    await tx.query('update public.workspaces set resend_when_absent = false')
    await look(tx, 1200, { verdict: 'absent' })
    await look(tx, 1300, { verdict: 'absent' })
    expect((await readPost(tx, forbidden.post)).status).toBe('unconfirmed')
    expect((await claimJobs(tx, { now: at(1400) })).lanes).toEqual([])
  }))

test('leaves a post with media to a person: X would take it twice', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    await tx.query(
      'update public.post_segments set media_ids = array[gen_random_uuid()] where post_id = $1',
      [post],
    )
    for (const seconds of [421, 500, 600]) await look(tx, seconds, { verdict: 'absent' })

    expect(await readPost(tx, post)).toMatchObject({
      status: 'unconfirmed',
      failure: { slug: 'not-on-x' },
    })
    expect((await claimJobs(tx, { now: at(700) })).lanes).toEqual([])
    expect((await eventTypes(tx, post)).filter((type) => type === 'post.unconfirmed')).toHaveLength(
      2,
    )
  }))

test('goes on looking for what a person has to decide, hourly for a day', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    await tx.query('update public.workspaces set resend_when_absent = false')
    await look(tx, 421, { verdict: 'absent' })
    await look(tx, 500, { verdict: 'absent' })

    expect(await claimLooks(tx, at(500 + 3_500))).toEqual([])
    expect(await claimLooks(tx, at(500 + 3_601))).toHaveLength(1)
    await look(tx, 86_500, { verdict: 'absent' })
    expect(await claimLooks(tx, at(10 * 86_400))).toEqual([])
    expect((await readPost(tx, post)).status).toBe('unconfirmed')
  }))

test('refuses to schedule an unconfirmed post, and lets a person resolve it', () =>
  withTx(async (tx) => {
    const { account, post } = await unconfirmed(tx)
    await tx.query(`select set_config('request.jwt.claims', $1, true)`, [
      JSON.stringify({ sub: account.person.id, role: 'authenticated' }),
    ])
    await tx.query('savepoint before')
    await expect(tx.query('select public.publish_post($1)', [post])).rejects.toMatchObject({
      code: 'PT409',
      message: 'outcome-unknown',
    })
    await tx.query('rollback to savepoint before')

    await expect(tx.query('select public.resolve_post($1)', [post])).rejects.toMatchObject({
      message: 'post-in-flight',
    })
    await tx.query('rollback to savepoint before')

    await tx.query('update private.live_attempts set sending_at = now() - $1::interval', [
      `${QUIET_SECONDS} seconds`,
    ])
    await tx.query('select public.resolve_post($1)', [post])

    expect(await readPost(tx, post)).toMatchObject({
      status: 'failed',
      failure: { slug: 'resolved-as-absent' },
    })
  }))

test('alerts when X turns out to have a post that was sent again', () =>
  withTx(async (tx) => {
    const { post, claimId, attempt } = await unconfirmed(tx)
    await look(tx, QUIET_SECONDS + 1, { verdict: 'absent' })
    await look(tx, QUIET_SECONDS + 60, { verdict: 'absent' })

    await settle(tx, claimId, [resultFor(attempt, 'accepted')], { now: at(900) })

    expect(
      await count(tx, `private.alerts where kind = 'accepted-after-absent' and subject = $1`, [
        post,
      ]),
    ).toBe(1)
  }))
