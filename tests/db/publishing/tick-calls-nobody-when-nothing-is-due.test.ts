import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  at,
  claimJobs,
  connectAccount,
  count,
  eventTypes,
  NOW,
  readPost,
  schedulePost,
  startSending,
  tick,
} from '../../helpers/publishing.ts'

const configure = (tx: Tx) =>
  tx.query(
    `select vault.create_secret('http://127.0.0.1:1', 'project_url'),
       vault.create_secret('sb_secret_test', 'cron_key')`,
  )

test('queues no call while nothing is due, and one when a post is', () =>
  withTx(async (tx) => {
    await configure(tx)
    await schedulePost(tx, await connectAccount(tx))

    expect(await tick(tx, at(-6))).toBe(0)
    expect(await count(tx, 'net.http_request_queue')).toBe(0)

    expect(await tick(tx, at(-4))).toBe(1)
    expect(await count(tx, 'net.http_request_queue')).toBe(1)
  }))

test('rings for no more work than the live workers can carry', () =>
  withTx(async (tx) => {
    await configure(tx)
    await schedulePost(tx, await connectAccount(tx))
    await schedulePost(tx, await connectAccount(tx))
    await claimJobs(tx, { lanes: 1 })

    expect(await tick(tx, at(1))).toBe(0)
    expect(await tick(tx, at(10))).toBe(1)
  }))

const missing = async (tx: Tx, { perWorker, atMost = 4 }: { perWorker: number; atMost?: number }) =>
  (
    await tx.query('select private.missing_workers($1, 4, $2, $3) as missing', [
      perWorker,
      at(0),
      atMost,
    ])
  ).rows[0]?.missing

test('rings a worker for as many lanes as one carries, and four in all at the most', () =>
  withTx(async (tx) => {
    for (let lanes = 0; lanes < 5; lanes += 1) await schedulePost(tx, await connectAccount(tx))

    for (const [perWorker, needed] of [
      [5, 1],
      [4, 2],
      [2, 3],
      [1, 4],
    ] as const) {
      expect(await missing(tx, { perWorker })).toBe(needed)
    }

    await claimJobs(tx, { lanes: 1 })
    expect(await missing(tx, { perWorker: 4 })).toBe(0)
    expect(await missing(tx, { perWorker: 2 })).toBe(1)
    expect(await missing(tx, { perWorker: 1 })).toBe(3)
    expect(await missing(tx, { perWorker: 1, atMost: 1 })).toBe(1)
  }))

test('never fails a tick because the doorbell is not configured, and says so', () =>
  withTx(async (tx) => {
    await schedulePost(tx, await connectAccount(tx))

    await tick(tx, NOW)

    expect(await count(tx, `private.alerts where kind = 'doorbell-unconfigured'`)).toBe(1)
  }))

test.each([
  ['hold', 'held'],
  ['miss', 'missed'],
  ['publish', 'scheduled'],
])('a post later than its policy "%s" allows becomes %s', (latePolicy, status) =>
  withTx(async (tx) => {
    const post = await schedulePost(tx, await connectAccount(tx), {
      latePolicy,
      lateAfterSeconds: 60,
    })

    await tick(tx, at(59))
    expect((await readPost(tx, post)).status).toBe('scheduled')
    await tick(tx, at(61))

    expect((await readPost(tx, post)).status).toBe(status)
    const waiting = await count(tx, 'private.publish_jobs where post_id = $1', [post])
    expect(waiting).toBe(status === 'scheduled' ? 1 : 0)
    if (status !== 'scheduled') expect(await eventTypes(tx, post)).toContain(`post.${status}`)
  }),
)

test('rescues what a dead worker was sending', () =>
  withTx(async (tx) => {
    const post = await schedulePost(tx, await connectAccount(tx))
    await startSending(tx)

    await tick(tx, at(31))

    expect((await readPost(tx, post)).status).toBe('unconfirmed')
  }))
