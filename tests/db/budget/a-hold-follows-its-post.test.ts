import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  committed,
  expectLedgerAddsUp,
  holdsOf,
  POST,
  POST_WITH_URL,
  placesTaken,
  sendDue,
  setLimit,
} from '../../helpers/money.ts'
import {
  type Account,
  actFor,
  at,
  claimJobs,
  connectAccount,
  go,
  NOW,
  readPost,
  resultFor,
  schedulePost,
  settle,
  startSending,
  tick,
} from '../../helpers/publishing.ts'

const begin = async (tx: Tx, texts?: string[]) => {
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account, texts ? { texts } : {})
  return { account, post }
}

const verb = async (tx: Tx, account: Account, sql: string, values: unknown[]) => {
  await actFor(tx, account)
  await tx.query(`select ${sql}`, values)
  await tx.query(`select set_config('request.jwt.claims', '', false)`)
}

const sums = async (tx: Tx, { account, post }: { account: Account; post: string }) => {
  await expectLedgerAddsUp(tx)
  const holds = await holdsOf(tx, post)
  const total = (pick: (hold: (typeof holds)[number]) => number) =>
    holds.reduce((sum, hold) => sum + pick(hold), 0)
  return {
    open: total(({ held, settled, released }) => held - settled - released),
    settled: total(({ settled }) => settled),
    committed: await committed(tx, account.person),
    places: await placesTaken(tx),
  }
}

test('scheduling holds the price of every segment and takes a place for each', () =>
  withTx(async (tx) => {
    const begun = await begin(tx, ['one', 'two https://example.com', 'three'])
    const price = 2 * POST + POST_WITH_URL
    expect(await sums(tx, begun)).toEqual({ open: price, settled: 0, committed: price, places: 3 })
  }))

test('what X accepts is settled and nothing of it is given back', () =>
  withTx(async (tx) => {
    const begun = await begin(tx)
    await sendDue(tx, 'accepted')
    expect(await sums(tx, begun)).toEqual({ open: 0, settled: POST, committed: POST, places: 1 })
    expect(await holdsOf(tx, begun.post)).toEqual([
      { held: POST, settled: POST, released: 0, places: 1, is_open: false },
    ])
  }))

test.each([
  ['unscheduled', 'public.unschedule_post($1)'],
  ['canceled', 'public.cancel_post($1)'],
])('a post that is %s gives back its money and its places', (_, sql) =>
  withTx(async (tx) => {
    const begun = await begin(tx, ['one', 'two'])
    await verb(tx, begun.account, sql, [begun.post])
    expect(await sums(tx, begun)).toEqual({ open: 0, settled: 0, committed: 0, places: 0 })
  }),
)

test('a post that X refuses gives back its money; its place was used', () =>
  withTx(async (tx) => {
    const begun = await begin(tx)
    await sendDue(tx, 'refused')
    expect(await sums(tx, begun)).toEqual({ open: 0, settled: 0, committed: 0, places: 1 })
  }))

test.each([
  ['hold', 'held'],
  ['miss', 'missed'],
])(
  'a post that is too late and %s gives back both, and holds again when it is rescheduled',
  (latePolicy, status) =>
    withTx(async (tx) => {
      const account = await connectAccount(tx)
      const post = await schedulePost(tx, account, { latePolicy, lateAfterSeconds: 60 })
      await tick(tx, at(61))
      expect((await readPost(tx, post)).status).toBe(status)
      expect(await sums(tx, { account, post })).toMatchObject({ open: 0, committed: 0, places: 0 })

      await verb(tx, account, 'public.schedule_post($1, $2)', [post, at(600)])
      expect(await sums(tx, { account, post })).toMatchObject({ open: POST, places: 1 })
    }),
)

test('an outcome nobody knows keeps the hold, until X is found to have the post', () =>
  withTx(async (tx) => {
    const begun = await begin(tx)
    const [attempt] = await sendDue(tx, 'unknown')
    expect(await sums(tx, begun)).toMatchObject({ open: POST, settled: 0 })
    if (!attempt) throw new Error('nothing was sent')
    await settle(tx, begun.account.id, [resultFor(attempt, 'accepted')])
    expect(await sums(tx, begun)).toMatchObject({ open: 0, settled: POST })
  }))

test('an edit changes the hold, and moving a post does not', () =>
  withTx(async (tx) => {
    const begun = await begin(tx)
    const edit = [begun.post, { segments: [{ text: 'see example.com', has_url: true }, 'more'] }]
    await verb(tx, begun.account, 'public.update_post($1, $2)', edit)
    const price = POST_WITH_URL + POST
    expect(await sums(tx, begun)).toEqual({ open: price, settled: 0, committed: price, places: 2 })

    await verb(tx, begun.account, 'public.schedule_post($1, $2)', [begun.post, at(60 * 86_400)])
    expect(await sums(tx, begun)).toEqual({ open: price, settled: 0, committed: price, places: 2 })
  }))

const stopAfterFirst = async (tx: Tx) => {
  const begun = await begin(tx, ['one', 'two', 'three'])
  const { claimId, attempts } = await startSending(tx)
  await settle(
    tx,
    claimId,
    attempts.map((attempt) => resultFor(attempt, 'accepted')),
  )
  const [second] = await go(tx, claimId, [begun.post])
  if (!second) throw new Error('the thread does not go on')
  await settle(tx, claimId, [resultFor(second, 'refused')], { release: [begun.account.id] })
  return begun
}

test('of a thread that stopped, what X has is settled and the rest is released', () =>
  withTx(async (tx) => {
    const begun = await stopAfterFirst(tx)
    expect((await readPost(tx, begun.post)).status).toBe('partially_published')
    expect(await sums(tx, begun)).toEqual({ open: 0, settled: POST, committed: POST, places: 2 })
  }))

test('resuming a thread holds what is left of it, and no more', () =>
  withTx(async (tx) => {
    const begun = await stopAfterFirst(tx)
    await verb(tx, begun.account, 'public.resume_post($1)', [begun.post])
    expect(await sums(tx, begun)).toMatchObject({ open: 2 * POST, settled: POST })
  }))

test('dropping the rest of a thread settles nothing twice', () =>
  withTx(async (tx) => {
    const begun = await stopAfterFirst(tx)
    await tx.query(`update private.prices set micros = micros * 2`)
    await verb(tx, begun.account, 'public.drop_remainder($1)', [begun.post])
    expect((await readPost(tx, begun.post)).status).toBe('published')
    expect(await sums(tx, begun)).toMatchObject({ open: 0, settled: POST, committed: POST })
  }))

test('a post that was given up and is on X after all is accounted for once', () =>
  withTx(async (tx) => {
    const begun = await begin(tx)
    const [attempt] = await sendDue(tx, 'refused')
    if (!attempt) throw new Error('nothing was sent')
    expect(await sums(tx, begun)).toMatchObject({ settled: 0, committed: 0 })
    for (let time = 0; time < 2; time += 1) {
      await settle(tx, begun.account.id, [resultFor(attempt, 'accepted', { remote_id: '1' })])
    }
    expect((await readPost(tx, begun.post)).status).toBe('published')
    expect(await sums(tx, begun)).toMatchObject({ open: 0, settled: POST, committed: POST })
  }))

test('a thread that was given up and goes on after all holds what is still to be sent, whatever the limit says', () =>
  withTx(async (tx) => {
    const begun = await begin(tx, ['one', 'two', 'three'])
    const [attempt] = await sendDue(tx, 'refused')
    if (!attempt) throw new Error('nothing was sent')
    await setLimit(tx, begun.account, POST)
    await settle(tx, begun.account.id, [resultFor(attempt, 'accepted')])
    expect(await sums(tx, begun)).toMatchObject({ open: 3 * POST, settled: 0 })

    await tx.query('select private.limits_tick($1)', [NOW])
    expect((await claimJobs(tx, { now: at(60) })).lanes).toEqual([])
    await setLimit(tx, begun.account, null)
    expect((await claimJobs(tx, { now: at(60) })).lanes).toHaveLength(1)
  }))

test('a price that changes while a post waits does not change what was held for it', () =>
  withTx(async (tx) => {
    const begun = await begin(tx)
    await tx.query(`update private.prices set micros = 999 where action = 'post'`)
    await sendDue(tx, 'accepted')
    expect(await sums(tx, begun)).toMatchObject({ settled: POST, committed: POST })
  }))

test('a caller who comes without our functions pays for whatever might be a URL', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const hold = async (segment: unknown) => {
      const post = await schedulePost(tx, account, { texts: [segment as string] })
      return (await holdsOf(tx, post))[0]?.held
    }
    expect(await hold('plain text. And more')).toBe(POST)
    expect(await hold('see node.js')).toBe(POST_WITH_URL)
    expect(await hold({ text: 'see node.js', has_url: false })).toBe(POST)
    expect(await hold({ text: 'see https://example.com', has_url: false })).toBe(POST_WITH_URL)
  }))

test('a copy costs what its post cost', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const text = { text: 'version 1.2 is out', has_url: false }
    const post = await schedulePost(tx, account, { texts: [text as never] })
    await actFor(tx, account)
    const sql = 'select public.duplicate_post($1) as copy'
    const { rows } = await tx.query<{ copy: { id: string } }>(sql, [post])
    const copy = rows[0]?.copy.id ?? ''
    await tx.query('select public.schedule_post($1, $2)', [copy, at(60)])
    expect((await holdsOf(tx, copy))[0]?.held).toBe(POST)
  }))

test.each([
  [0, '$0.00'],
  [15_000, '$0.015'],
  [200_000, '$0.20'],
  [1_000_000, '$1.00'],
  [1_234_567, '$1.234567'],
  [-30_000, '-$0.03'],
])('%i millionths are %s to people', (micros, shown) =>
  withTx(async (tx) => {
    const { rows } = await tx.query('select private.usd($1) as shown', [micros])
    expect(rows[0].shown).toBe(shown)
  }),
)

test('the check that everything adds up finds what does not', () =>
  withTx(async (tx) => {
    const { post } = await begin(tx)
    const faults = async (sql: string) => {
      await tx.query('savepoint broken')
      await tx.query(sql, [post])
      const { rows } = await tx.query('select private.ledger_faults() as fault')
      await tx.query('rollback to savepoint broken')
      return rows.length
    }
    const where = `where $1::uuid is not null`
    expect(
      await faults(`update private.budget_months set committed = committed + 1 ${where}`),
    ).toBe(1)
    expect(await faults(`update private.app_days set taken = taken + 1 ${where}`)).toBe(1)
    expect(await faults(`delete from private.spend_ledger where post_id = $1`)).toBe(3)
    expect(await faults(`update public.posts set status = 'canceled' where id = $1`)).toBe(1)
    const left = `with job as (delete from private.publish_jobs where post_id = $1)
      update public.posts set status = 'partially_published', published_at = now() where id = $1`
    await tx.query(`update public.posts set status = 'publishing' where id = $1`, [post])
    expect(await faults(left)).toBe(1)
  }))
