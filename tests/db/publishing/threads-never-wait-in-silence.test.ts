import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  actFor,
  at,
  claimJobs,
  connectAccount,
  eventTypes,
  go,
  readPost,
  readSegments,
  resultFor,
  schedulePost,
  settle,
  startSending,
  tick,
} from '../../helpers/publishing.ts'

const first = <T>(items: T[]): T => items[0] as T

/** A thread of three whose first segment is on X, its worker about to ask for the second. */
const begun = async (tx: Tx) => {
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account, { texts: ['one', 'two', 'three'] })
  const { claimId, attempts } = await startSending(tx)
  await settle(tx, claimId, [resultFor(first(attempts), 'accepted', { remote_id: '11' })])
  await actFor(tx, account)
  return { account, post, claimId }
}

test('pauses between its segments in the queue, and lets other posts of the account go meanwhile', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const thread = await schedulePost(tx, account, { texts: ['one', 'two'] })
    const other = await schedulePost(tx, account, { due: at(2) })
    const { claimId } = await claimJobs(tx)
    const attempts = await go(tx, claimId, [thread])
    const results = [resultFor(first(attempts), 'accepted', { remote_id: '11' })]
    await settle(tx, claimId, results, { pause: '5 seconds' })

    expect(await go(tx, claimId, [thread], { now: at(3) })).toEqual([])
    expect(await go(tx, claimId, [other], { now: at(3) })).toHaveLength(1)
    expect((await readPost(tx, thread)).status).toBe('publishing')
    expect(await go(tx, claimId, [thread], { now: at(5) })).toMatchObject([
      { position: 1, reply_to: '11' },
    ])
  }))

test('says "partially published" when its account is paused half way, and goes on after', () =>
  withTx(async (tx) => {
    const { account, post, claimId } = await begun(tx)
    await tx.query(`select public.update_account($1, '{"paused": true}')`, [account.id])

    expect(await go(tx, claimId, [post])).toEqual([])
    await settle(tx, claimId, [], { release: [account.id] })
    await tick(tx, at(5))
    expect(await readPost(tx, post)).toMatchObject({
      status: 'partially_published',
      failure: {
        slug: 'thread-waiting',
        segment: 1,
        who: 'account',
        detail: 'The rest of the thread waits. The account is paused.',
        remedy: 'Resume it with PATCH /accounts/:id {"paused": false}.',
      },
    })
    expect(await eventTypes(tx, post)).toContain('post.partially_published')

    await tx.query(`select public.update_account($1, '{"paused": false}')`, [account.id])
    expect((await startSending(tx, at(60))).attempts).toMatchObject([
      { position: 1, reply_to: '11' },
    ])
    expect((await readPost(tx, post)).status).toBe('publishing')
  }))

test('says so too when its account is disconnected while a segment is on its way', () =>
  withTx(async (tx) => {
    const { account, post, claimId } = await begun(tx)
    const second = await go(tx, claimId, [post])
    await tx.query('select public.disconnect_account($1)', [account.id])

    await settle(tx, claimId, [resultFor(first(second), 'accepted')], { release: [account.id] })
    expect(await go(tx, claimId, [post])).toEqual([])
    await tick(tx, at(5))

    expect(await readPost(tx, post)).toMatchObject({
      status: 'partially_published',
      failure: {
        slug: 'thread-waiting',
        segment: 2,
        who: 'account',
        detail: 'The rest of the thread waits. The account has to be connected again.',
      },
    })
  }))

test('says so in a long rate window, and not in a short retry', () =>
  withTx(async (tx) => {
    const { account, post, claimId } = await begun(tx)
    const second = await go(tx, claimId, [post])
    const soon = resultFor(first(second), 'retry', { block_account_until: at(10).toISOString() })
    await settle(tx, claimId, [soon], { release: [account.id] })
    await tick(tx, at(2))
    expect((await readPost(tx, post)).status).toBe('publishing')

    const again = await startSending(tx, at(10))
    const until = at(900).toISOString()
    const later = resultFor(first(again.attempts), 'retry', {
      block_account_until: until,
    })
    await settle(tx, again.claimId, [later], { release: [account.id], now: at(11) })
    await tick(tx, at(12))

    expect((await readPost(tx, post)).status).toBe('partially_published')
    expect((await startSending(tx, at(900))).attempts).toMatchObject([{ position: 1, number: 3 }])
  }))

/** What closes a lane while nobody's fault is the account's, and who then has to act. */
const CAUSES: [string, string, string, RegExp, unknown[]?][] = [
  [
    'a breaker',
    `update private.x_apps set breaker_open_until = 'infinity',
       breaker_reason = 'No credits.', breaker_remedy = 'Buy credits.'`,
    'app',
    /waits\. No credits\.$/,
  ],
  [
    'a budget',
    `select private.close_lanes(array_agg(id), 'budget') from public.accounts`,
    'workspace',
    /budget/,
  ],
  [
    'a suspension',
    `select private.suspend_workspace(workspace_id, 'x') from public.accounts`,
    'operator',
    /suspended/,
  ],
  [
    'a rate window',
    'update private.account_lanes set blocked_until = $1',
    'provider',
    /rate window.* It goes on at /,
    [at(900)],
  ],
  [
    'media that X has forgotten',
    'update private.publish_jobs set media_ready = false',
    'provider',
    /X does not have all media/,
  ],
]

test.each(CAUSES)(
  'names %s as what it waits for, and who can end that',
  (_, change, who, detail, values = []) =>
    withTx(async (tx) => {
      const { account, post, claimId } = await begun(tx)
      await tx.query(`update private.account_tokens set scopes = '{offline.access}'`)
      await settle(tx, claimId, [], { release: [account.id] })
      await tx.query(change, values)
      await tx.query('select private.refresh_lanes(array[$1::uuid])', [account.id])
      await tick(tx, at(65))

      const { status, failure } = await readPost(tx, post)
      expect([status, failure]).toMatchObject([
        'partially_published',
        { slug: 'thread-waiting', segment: 1, who, detail: expect.stringMatching(detail) },
      ])
    }),
)

test('is resumed by its author where X refused it, without repeating a segment', () =>
  withTx(async (tx) => {
    const { account, post, claimId } = await begun(tx)
    const second = await go(tx, claimId, [post])
    await settle(tx, claimId, [resultFor(first(second), 'refused')], { release: [account.id] })
    expect((await claimJobs(tx, { now: at(30) })).lanes).toEqual([])

    await tx.query('select public.resume_post($1)', [post])
    await tx.query('select public.resume_post($1)', [post])
    await tx.query('update private.publish_jobs set run_at = $1', [at(40)])
    await tx.query('select private.refresh_lanes(array[$1::uuid])', [account.id])

    expect((await startSending(tx, at(40))).attempts).toMatchObject([
      { position: 1, number: 2, text: 'two', reply_to: '11' },
    ])
    expect((await readSegments(tx, post)).map(({ status }) => status)).toEqual([
      'published',
      'sending',
      'pending',
    ])
  }))

test.each(['cancel_post', 'unschedule_post', 'publish_post'])(
  'cannot be ended or begun anew half way by %s',
  (verb) =>
    withTx(async (tx) => {
      const { post } = await begun(tx)

      await expect(tx.query(`select public.${verb}($1)`, [post])).rejects.toMatchObject({
        code: 'PT409',
      })
    }),
)
