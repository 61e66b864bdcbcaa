import { expect, test } from 'vitest'
import { resultOf } from '../../../shared/publishing/result-of.ts'
import { classify } from '../../../shared/x/classify.ts'
import { failureTable } from '../../../shared/x/failure-table.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  actFor,
  at,
  claimJobs,
  connectAccount,
  count,
  eventTypes,
  NOW,
  readAttempts,
  readPost,
  resultFor,
  schedulePost,
  settle,
  startSending,
  tick,
} from '../../helpers/publishing.ts'

/** What X would have to answer for a row of the table, as the client reads it. */
const answers: Record<string, Parameters<typeof classify>[0]> = {
  timeout: { broken: 'timeout', detail: 'The operation timed out.' },
  'connection-lost': { broken: 'lost', detail: 'connection closed before message completed' },
  'text-too-long': answer(403, 'Your Tweet text is too long.'),
  'duplicate-content': answer(403, 'You are not allowed to create a Tweet with duplicate content.'),
  'too-many-cashtags': answer(403, 'You may use a maximum of one cashtag.'),
  'reply-not-allowed': answer(403, 'Reply to this conversation is not allowed because …'),
  'not-permitted': answer(403, 'You are not permitted to perform this action.'),
  'invalid-request': answer(400, 'One or more parameters to your request was invalid.'),
  unfinished: answer(503, 'Service Unavailable'),
}

function answer(status: number, detail: string) {
  return {
    status,
    headers: new Headers(),
    body: { status, detail, title: '', type: 'about:blank' },
  }
}

const send = async (tx: Tx, input: Parameters<typeof classify>[0]) => {
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account, { latePolicy: 'publish' })
  const { claimId, attempts } = await startSending(tx)
  const [attempt] = attempts
  if (!attempt) throw new Error('nothing was sent')
  const outcome = classify(input, NOW)
  const result = resultOf({ attempt, outcome, rates: [], sentAt: NOW, now: NOW })
  await settle(tx, claimId, [result], { release: [account.id] })
  return { account, post, result }
}

test.each(Object.keys(answers))('%s: the post, its event and the attempt say the same', (slug) =>
  withTx(async (tx) => {
    const { post } = await send(tx, answers[slug] as Parameters<typeof classify>[0])

    const row = failureTable.find((candidate) => candidate.slug === slug)
    const told = {
      slug,
      detail: expect.stringMatching(/\S/),
      who: row?.who,
      remedy: row?.remedy,
    }
    const [attempt] = await readAttempts(tx, post)
    const input = answers[slug]
    const http_status = input && 'status' in input ? input.status : null
    expect(attempt).toMatchObject({ error: told, http_status })
    expect((await readPost(tx, post)).failure).toEqual({ ...told, segment: 0 })
    const { rows } = await tx.query<{ data: { failure: object } }>(
      `select data from public.events
       where subject_id = $1 and type in ('post.failed', 'post.unconfirmed')`,
      [post],
    )
    expect(rows.map(({ data }) => data.failure)).toEqual([{ ...told, segment: 0 }])
  }),
)

/** Answers after which a post waits for another try. */
const waits: Record<string, Parameters<typeof classify>[0]> = {
  'daily-limit': answer(403, 'User is over daily status update limit.'),
  'rate-limited': answer(429, 'Too Many Requests'),
  'token-refused': answer(401, 'Unauthorized'),
  'credits-depleted': answer(402, 'Your account does not have credits to fulfill this request.'),
}

test.each(Object.keys(waits))(
  '%s: while the post waits it says why, once, and no more when it is out',
  (slug) =>
    withTx(async (tx) => {
      const { account, post, result } = await send(
        tx,
        waits[slug] as Parameters<typeof classify>[0],
      )

      const row = failureTable.find((candidate) => candidate.slug === slug)
      const told = { slug, who: row?.who, remedy: row?.remedy, segment: 0 }
      expect(await readPost(tx, post)).toMatchObject({ status: 'scheduled', failure: told })
      const causes = async () => {
        const { rows } = await tx.query<{ data: { failure?: object } }>(
          `select data from public.events where subject_id = $1 and type = 'post.scheduled' order by id`,
          [post],
        )
        return rows.flatMap(({ data }) => data.failure ?? [])
      }
      expect(await causes()).toMatchObject([told])

      const tryAgain = async (
        seconds: number,
        outcome: 'retry' | 'accepted',
        rest: object = {},
      ) => {
        await tx.query(
          'update private.account_lanes set blocked_until = $2, ready_at = $2 where account_id = $1',
          [account.id, at(seconds)],
        )
        await tx.query('update private.x_apps set breaker_open_until = now()')
        const { claimId, attempts } = await startSending(tx, at(seconds))
        const results = attempts.map((attempt) => resultFor(attempt, outcome, rest))
        expect(results).toHaveLength(1)
        await settle(tx, claimId, results, { release: [account.id], now: at(seconds + 1) })
      }
      await tryAgain(1_000, 'retry', { error: result.error })
      expect(await causes()).toHaveLength(1)
      await tryAgain(2_000, 'accepted')
      expect(await readPost(tx, post)).toMatchObject({ status: 'published', failure: null })
    }),
)

test('a post that X keeps from its time is held with what X said of it', () =>
  withTx(async (tx) => {
    const { post } = await send(tx, answer(403, 'User is over daily status update limit.'))
    await tx.query('update private.publish_jobs set stale_at = $2 where post_id = $1', [
      post,
      at(9),
    ])
    await tx.query(`update public.posts set late_policy = 'hold' where id = $1`, [post])

    await tick(tx, at(10))

    const told = { slug: 'daily-limit', remedy: expect.stringMatching(/\S/) }
    expect(await readPost(tx, post)).toMatchObject({ status: 'held', failure: told })
    const sql = `select data from public.events where subject_id = $1 and type = 'post.held'`
    expect((await tx.query(sql, [post])).rows).toMatchObject([{ data: { failure: told } }])
  }))

test('a suspended account is paused with the words of X; its posts wait and none has failed', () =>
  withTx(async (tx) => {
    const words = 'Your account is suspended and is not permitted to access this feature.'
    const { account, post, result } = await send(tx, answer(403, words))
    const next = await schedulePost(tx, account, { due: at(1), latePolicy: 'publish' })

    expect(result).toMatchObject({ outcome: 'retry', error: { slug: 'account-suspended' } })
    expect((await readPost(tx, post)).status).toBe('scheduled')
    const { rows } = await tx.query(
      'select status, status_detail from public.accounts where id = $1',
      [account.id],
    )
    expect(rows).toEqual([{ status: 'paused', status_detail: words }])
    expect(await eventTypes(tx, account.id)).toEqual(['account.connected', 'account.paused'])
    expect(await readAttempts(tx, post)).toMatchObject([{ error: { slug: 'account-suspended' } }])
    expect((await claimJobs(tx, { now: at(3600) })).lanes).toEqual([])

    await actFor(tx, account)
    await tx.query(`select public.update_account($1, '{"paused": false}')`, [account.id])
    const [lane] = (await claimJobs(tx, { now: at(3601) })).lanes
    expect(lane?.jobs.map(({ post_id }) => post_id).sort()).toEqual([post, next].sort())
    expect(await count(tx, 'public.accounts where status_detail is not null')).toBe(0)
  }))
