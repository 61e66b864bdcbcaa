import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  at,
  claimJobs,
  connectAccount,
  count,
  schedulePost,
  tick,
} from '../../helpers/publishing.ts'

const configure = (tx: Tx) =>
  tx.query(
    `select vault.create_secret('http://127.0.0.1:1', 'project_url'),
       vault.create_secret('sb_secret_test', 'cron_key')`,
  )

type Ring = { seconds: number; unlessAwake?: boolean }

const ring = async (tx: Tx, { seconds, unlessAwake = false }: Ring): Promise<boolean> =>
  (
    await tx.query(`select private.ring('deliver', 1, $1, '1 second', $2) as rang`, [
      at(seconds),
      unlessAwake,
    ])
  ).rows[0]?.rang

test.each([2, 30, 3600])('after a clock is set back %i seconds the next ring is made', (back) =>
  withTx(async (tx) => {
    await configure(tx)
    expect(await ring(tx, { seconds: 0 })).toBe(true)

    expect(await ring(tx, { seconds: -back })).toBe(true)
    expect(await ring(tx, { seconds: -back + 0.5 })).toBe(false)
    expect(await ring(tx, { seconds: -back + 1 })).toBe(true)
    expect(await count(tx, 'net.http_request_queue')).toBe(3)
  }),
)

test('a worker that was awake before the clock was set back keeps nobody from ringing', () =>
  withTx(async (tx) => {
    await configure(tx)
    await ring(tx, { seconds: 0 })
    await tx.query(`select private.answer_bell('deliver', true, $1)`, [at(0.5)])
    expect(await ring(tx, { seconds: 1.5, unlessAwake: true })).toBe(false)

    expect(await ring(tx, { seconds: -30, unlessAwake: true })).toBe(true)
    expect(await ring(tx, { seconds: -28.8, unlessAwake: true })).toBe(true)
    await tx.query(`select private.answer_bell('deliver', true, $1)`, [at(-28)])
    expect(await ring(tx, { seconds: -26.5, unlessAwake: true })).toBe(false)
  }))

test('of rings in the same moment one is made, whichever transaction began first', () =>
  withTx(async (tx) => {
    await configure(tx)
    expect(await ring(tx, { seconds: 0 })).toBe(true)
    expect(await ring(tx, { seconds: -0.5 })).toBe(false)
    expect(await count(tx, 'net.http_request_queue')).toBe(1)
  }))

test('a worker that died before the clock was set back counts for none', () =>
  withTx(async (tx) => {
    await configure(tx)
    await claimJobs(tx, { now: at(3600) })
    await schedulePost(tx, await connectAccount(tx))

    expect(await tick(tx, at(0))).toBe(1)
    await claimJobs(tx, { now: at(1), lanes: 0 })
    expect(await tick(tx, at(2))).toBe(0)
  }))
