import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  type Account,
  at,
  claimJobs,
  connectAccount,
  count,
  eventTypes,
  go,
  resultFor,
  schedulePost,
  settle,
  startSending,
  tick,
} from '../../helpers/publishing.ts'

const DEPLOYMENT = '00000000-0000-0000-0000-000000000001'

const limitsTick = (tx: Tx, seconds: number) =>
  tx.query('select private.limits_tick($1)', [at(seconds)])

const app = async (tx: Tx, id = DEPLOYMENT) =>
  (await tx.query('select * from private.x_apps where id = $1', [id])).rows[0]

const noCredits = (seconds: number) => ({
  block_app_until: at(seconds + 300).toISOString(),
  error: { slug: 'credits-depleted', detail: 'No credits.', who: 'app', remedy: 'Buy some.' },
})

/** Lanes with two due posts each, which meet an app without credits. */
const outage = async (tx: Tx, lanes = 3): Promise<Account[]> => {
  const accounts: Account[] = []
  for (let n = 0; n < lanes; n += 1) {
    const account = await connectAccount(tx)
    for (const due of [at(0), at(0)])
      await schedulePost(tx, account, { due, latePolicy: 'publish' })
    accounts.push(account)
  }
  const { claimId, attempts } = await startSending(tx)
  const results = attempts.map((attempt) => resultFor(attempt, 'retry', noCredits(0)))
  await settle(tx, claimId, results, { release: accounts.map(({ id }) => id) })
  await limitsTick(tx, 1)
  return accounts
}

const claimed = async (tx: Tx, seconds: number) => {
  const claim = await claimJobs(tx, { now: at(seconds) })
  const posts = claim.lanes.flatMap(({ jobs }) => jobs.map(({ post_id }) => post_id))
  return { ...claim, posts }
}

/** What a worker does with the lane of a probe: sends its posts in order, one after the other. */
const probe = async (tx: Tx, seconds: number, outcome: 'accepted' | 'retry') => {
  const { claimId, lanes, posts } = await claimed(tx, seconds)
  let sent = 0
  for (const post of posts) {
    const attempts = await go(tx, claimId, [post], { now: at(seconds) })
    sent += attempts.length
    const rest = outcome === 'retry' ? noCredits(seconds) : { sent_at: at(seconds).toISOString() }
    const results = attempts.map((attempt) => resultFor(attempt, outcome, rest))
    await settle(tx, claimId, results, { now: at(seconds) })
  }
  const release = lanes.map(({ account_id }) => account_id)
  await settle(tx, claimId, [], { release, now: at(seconds) })
  return { lanes: lanes.length, sent }
}

test('X without an end to it closes every lane until somebody has tried', () =>
  withTx(async (tx) => {
    await outage(tx)
    await limitsTick(tx, 299)
    expect((await claimed(tx, 299)).lanes).toEqual([])
    expect((await claimed(tx, 3600)).lanes).toEqual([])
  }))

test('after five minutes one account tries one post, and no herd', () =>
  withTx(async (tx) => {
    await outage(tx)
    await limitsTick(tx, 300)
    expect(await probe(tx, 300, 'retry')).toEqual({ lanes: 1, sent: 1 })
    await limitsTick(tx, 302)
    expect((await claimed(tx, 302)).lanes).toEqual([])
    await limitsTick(tx, 600)
    expect(await probe(tx, 600, 'retry')).toEqual({ lanes: 1, sent: 1 })
  }))

test('the first post that gets through opens the app for all', () =>
  withTx(async (tx) => {
    const accounts = await outage(tx)
    await limitsTick(tx, 300)
    expect(await probe(tx, 300, 'accepted')).toMatchObject({ lanes: 1 })
    await limitsTick(tx, 302)
    const { lanes } = await claimed(tx, 302)
    expect(lanes.length).toBeGreaterThanOrEqual(accounts.length - 1)
    await limitsTick(tx, 330)
    expect(await app(tx)).toMatchObject({
      watch_at: null,
      probe_at: null,
      probe_account_id: null,
      breaker_reason: null,
    })
  }))

/** Threads of which the first segment is on X, in an app that takes nothing any more; one is let try. */
const threadsProbed = async (tx: Tx) => {
  const accounts = [await connectAccount(tx), await connectAccount(tx)]
  for (const account of accounts) {
    await schedulePost(tx, account, { texts: ['one', 'two', 'three'], latePolicy: 'publish' })
  }
  const { claimId, attempts } = await startSending(tx)
  const first = attempts.map((attempt) => resultFor(attempt, 'accepted'))
  await settle(tx, claimId, first)
  const posts = attempts.map(({ post_id }) => post_id)
  const second = await go(tx, claimId, posts, { now: at(1) })
  const refused = second.map((attempt) => resultFor(attempt, 'retry', noCredits(1)))
  const release = accounts.map(({ id }) => id)
  await settle(tx, claimId, refused, { release, now: at(1) })
  await tick(tx, at(2))
  await limitsTick(tx, 2)
  await limitsTick(tx, 301)
  return { ...(await claimed(tx, 301)), release }
}

test('a thread of the account that tries, which does not get through and waits, opens nothing', () =>
  withTx(async (tx) => {
    const { claimId, posts, lanes } = await threadsProbed(tx)
    expect(lanes).toHaveLength(1)
    const attempts = await go(tx, claimId, posts, { now: at(301) })
    expect(attempts).toHaveLength(1)
    const release = lanes.map(({ account_id }) => account_id)
    const tried = { sent_at: at(301).toISOString() }
    const unsent = attempts.map((attempt) => resultFor(attempt, 'retry', tried))
    await settle(tx, claimId, unsent, { release, now: at(302) })
    await tick(tx, at(304))
    expect((await app(tx)).breaker_open_until).toBe(Number.POSITIVE_INFINITY)
  }))

test('a segment of a thread that gets through opens the app for all, like any other', () =>
  withTx(async (tx) => {
    const { claimId, posts, lanes } = await threadsProbed(tx)
    const attempts = await go(tx, claimId, posts, { now: at(301) })
    const release = lanes.map(({ account_id }) => account_id)
    const sent = { sent_at: at(302).toISOString() }
    const accepted = attempts.map((attempt) => resultFor(attempt, 'accepted', sent))
    await settle(tx, claimId, accepted, { release, now: at(303) })
    expect((await app(tx)).breaker_open_until).toEqual(at(303))
    await limitsTick(tx, 304)
    expect((await claimed(tx, 304)).lanes.length).toBeGreaterThan(1)
  }))

test('what is found of the time before opens nothing', () =>
  withTx(async (tx) => {
    const { claimId, posts } = await threadsProbed(tx)
    const attempts = await go(tx, claimId, posts, { now: at(301) })
    await tx.query('update private.live_attempts set sending_at = $1', [at(-60)])
    const before = { sent_at: at(-50).toISOString() }
    const found = attempts.map((attempt) => resultFor(attempt, 'accepted', before))
    await settle(tx, claimId, found, { now: at(303) })
    expect((await app(tx)).breaker_open_until).toBe(Number.POSITIVE_INFINITY)
  }))

test('an account whose claim nobody heard of while the app closed is not forgotten', () =>
  withTx(async (tx) => {
    const other = await connectAccount(tx)
    await schedulePost(tx, other, { due: at(0), latePolicy: 'publish' })
    const { claimId, attempts } = await startSending(tx)
    const post = await schedulePost(tx, await connectAccount(tx), { due: at(0) })
    const workerId = randomUUID()
    expect((await claimJobs(tx, { workerId, now: at(0) })).lanes).toHaveLength(1)

    const results = attempts.map((attempt) => resultFor(attempt, 'retry', noCredits(0)))
    await settle(tx, claimId, results, { release: [other.id] })
    await tx.query(`select private.close_lanes(array[$1::uuid], 'account')`, [other.id])
    await tx.query('select service.keep_worker($1, $2)', [workerId, at(15)])
    expect(await tick(tx, at(16))).toBe(1)
    expect((await claimed(tx, 16)).lanes).toEqual([])

    await limitsTick(tx, 300)
    expect((await claimed(tx, 300)).posts).toEqual([post])
  }))

test('a probe of which nothing is heard is given to another account', () =>
  withTx(async (tx) => {
    await outage(tx)
    await limitsTick(tx, 300)
    const first = (await app(tx)).probe_account_id
    await limitsTick(tx, 361)
    const second = (await app(tx)).probe_account_id
    expect([first, second]).not.toContain(null)
    expect(second).not.toBe(first)
  }))

test('with nothing due nobody tries, and the first post that comes due does', () =>
  withTx(async (tx) => {
    const [account] = await outage(tx, 1)
    if (!account) throw new Error('no account')
    await tx.query(`update private.publish_jobs set run_at = $1`, [at(400)])
    await limitsTick(tx, 300)
    expect((await app(tx)).probe_account_id).toBeNull()
    await limitsTick(tx, 401)
    expect((await app(tx)).probe_account_id).toBe(account.id)
  }))

test('answers to what was sent before the breaker opened do not put off the probe', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const other = await connectAccount(tx)
    for (const each of [account, other]) await schedulePost(tx, each, { latePolicy: 'publish' })
    const { claimId, attempts } = await startSending(tx)
    const [first, second] = attempts.map((attempt) => resultFor(attempt, 'retry', noCredits(0)))
    if (!first || !second) throw new Error('two are sent')
    await settle(tx, claimId, [first])
    await settle(tx, claimId, [{ ...second, ...noCredits(100) }], { now: at(100) })
    expect((await app(tx)).probe_at).toEqual(at(300))
  }))

test('workspaces whose posts wait are told once, and once more when it is over', () =>
  withTx(async (tx) => {
    const [account] = await outage(tx)
    const idle = await connectAccount(tx)
    if (!account) throw new Error('no account')
    await limitsTick(tx, 60)
    await limitsTick(tx, 300)
    await probe(tx, 300, 'retry')
    await limitsTick(tx, 302)
    const told = async ({ person }: Account) =>
      count(tx, `public.events where workspace_id = $1 and type like 'app.%'`, [person.workspaceId])
    expect([await told(account), await told(idle)]).toEqual([1, 0])
    expect(await count(tx, `private.alerts where kind = 'x-app-blocked'`)).toBe(1)

    await limitsTick(tx, 600)
    await probe(tx, 600, 'accepted')
    await limitsTick(tx, 602)
    await limitsTick(tx, 604)
    expect(await eventTypes(tx, DEPLOYMENT)).toEqual(
      expect.arrayContaining(['app.blocked', 'app.unblocked']),
    )
    expect(await told(account)).toBe(2)
    expect(await count(tx, `private.alerts where kind = 'x-app-blocked'`)).toBe(0)
  }))

test("a customer's own app stops its own accounts only, and wakes no operator", () =>
  withTx(async (tx) => {
    const [theirs, ours] = [await connectAccount(tx), await connectAccount(tx)]
    const { rows } = await tx.query(
      `insert into private.x_apps (workspace_id, name, client_id)
       values ($1, 'own', 'own') returning id`,
      [theirs.person.workspaceId],
    )
    const own = rows[0].id
    for (const table of [
      'public.accounts set x_app_id = $1 where id = $2',
      'private.account_lanes set x_app_id = $1 where account_id = $2',
    ]) {
      await tx.query(`update ${table}`, [own, theirs.id])
    }
    for (const each of [theirs, ours]) {
      for (const due of [at(0), at(10)])
        await schedulePost(tx, each, { due, latePolicy: 'publish' })
    }
    const { claimId, attempts } = await startSending(tx)
    const results = attempts.map((attempt) =>
      attempt.account_id === theirs.id
        ? resultFor(attempt, 'retry', noCredits(0))
        : resultFor(attempt, 'accepted'),
    )
    await settle(tx, claimId, results, { release: [theirs.id, ours.id] })
    await limitsTick(tx, 10)

    expect((await claimed(tx, 10)).lanes.map((lane) => lane.account_id)).toEqual([ours.id])
    expect((await app(tx)).breaker_open_until).toBe(Number.NEGATIVE_INFINITY)
    expect(await count(tx, `private.alerts where kind = 'x-app-blocked'`)).toBe(0)
    expect(await eventTypes(tx, own)).toEqual(['app.blocked'])
  }))
