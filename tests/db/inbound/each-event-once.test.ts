import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import { race } from '../../helpers/race.ts'

type Receipt = { receipt_id: string; lease_id: string }

const one = async <T>(tx: Tx, sql: string, values: unknown[] = []): Promise<T> =>
  (await tx.query<{ value: T }>(`select (${sql}) as value`, values)).rows[0]?.value as T

const receive = (tx: Tx, ids: string[], now = new Date()) =>
  one<{ stored: number }>(tx, 'service.receive_inbound($1, $2)', [
    JSON.stringify(ids.map((id) => ({ provider: 'x', event_id: id, type: 't', body: '{}' }))),
    now,
  ])

const claim = async (tx: Tx, now = new Date()): Promise<Receipt[]> =>
  (await one<{ receipts: Receipt[] }>(tx, 'service.claim_inbound(100, $1)', [now])).receipts

const finish = async (tx: Tx, { receipt_id, lease_id }: Receipt): Promise<boolean> =>
  (
    await one<{ finished: boolean }>(tx, `service.finish_inbound($1, $2, 'ignored')`, [
      receipt_id,
      lease_id,
    ])
  ).finished

const after = (seconds: number) => new Date(Date.now() + seconds * 1_000)
const values = <T>(results: PromiseSettledResult<T>[]): T[] =>
  results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })

test('an event delivered twenty times at once is stored once and processed once', async () => {
  const id = randomUUID()
  const stored = values(await race(20, (client) => receive(client, [id])))
  expect(stored.reduce((sum, each) => sum + each.stored, 0)).toBe(1)
  const claimed = values(await race(20, (client) => claim(client, after(1)))).flat()
  expect(claimed).toHaveLength(1)
  const finished = values(await race(20, (client) => finish(client, claimed[0] as Receipt)))
  expect(finished.filter(Boolean)).toHaveLength(1)
  await race(1, async (client) => {
    expect(await receive(client, [id])).toEqual({ stored: 0 })
    expect(await claim(client, after(3_600))).toEqual([])
  })
})

test('batches with the same events in other orders never lock each other out', async () => {
  const ids = Array.from({ length: 100 }, () => randomUUID())
  const stored = values(
    await race(10, (client, index) => receive(client, index % 2 ? ids : [...ids].reverse())),
  )
  expect(stored.reduce((sum, each) => sum + each.stored, 0)).toBe(100)
  await race(1, async (client) => {
    const all = [...(await claim(client, after(1)))]
    for (const receipt of all) await finish(client, receipt)
    expect(all).toHaveLength(100)
  })
})

test('an event whose worker died is taken by another, and only that one may finish it', () =>
  withTx(async (tx) => {
    await receive(tx, [randomUUID()])
    const [dead] = await claim(tx, after(1))
    expect(await claim(tx, after(60))).toEqual([])
    const [alive] = await claim(tx, after(62))
    expect(alive?.receipt_id).toBe(dead?.receipt_id)
    expect(await finish(tx, dead as Receipt)).toBe(false)
    expect(await finish(tx, alive as Receipt)).toBe(true)
  }))

test('what fails is tried again for a day, then given up aloud, and an operator can have it tried again', () =>
  withTx(async (tx) => {
    const start = Date.now()
    await receive(tx, [randomUUID()], new Date(start))
    let at = start
    let tries = 0
    let id = ''
    for (;;) {
      at += 3_600_000
      const [receipt] = await claim(tx, new Date(at))
      if (!receipt) break
      id = receipt.receipt_id
      tries += 1
      await one(tx, 'service.postpone_inbound($1, $2, $3, $4)', [
        receipt.receipt_id,
        receipt.lease_id,
        'because',
        new Date(at),
      ])
    }
    expect(tries).toBe(24)
    const outcome = `(select outcome || ': ' || detail from private.inbound_receipts where id = $1)`
    expect(await one(tx, outcome, [id])).toBe('failed: because')
    const alert = `exists (select from private.alerts where kind = 'inbound-failed' and subject = $1)`
    expect(await one(tx, alert, [id])).toBe(true)
    expect(await one(tx, 'private.retry_inbound($1)', [id])).toBe(true)
    expect(await one(tx, alert, [id])).toBe(false)
    expect(await claim(tx, after(1))).toHaveLength(1)
  }))

test('an event is known again in the next month, and forgotten after a hundred days', () =>
  withTx(async (tx) => {
    const id = randomUUID()
    const start = new Date()
    await receive(tx, [id], start)
    const [receipt] = await claim(tx, after(1))
    await finish(tx, receipt as Receipt)
    const days = (count: number) => new Date(start.getTime() + count * 86_400_000)
    expect(await receive(tx, [id], days(40))).toEqual({ stored: 0 })
    const isKnown = 'exists (select from private.inbound_events where event_id = $1)'
    await one(tx, 'private.forget_inbound($1)', [days(99)])
    expect(await one(tx, isKnown, [id])).toBe(true)
    await one(tx, 'private.forget_inbound($1)', [days(101)])
    expect(await one(tx, isKnown, [id])).toBe(false)
  }))
