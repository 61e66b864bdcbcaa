import { expect, test } from 'vitest'
import { processReceipts } from '../../../shared/inbound/process-receipts.ts'

const BATCH = 100

/** A database in which `waiting` events are due, and a worker that handles them. */
const start = (waiting: number) => {
  const calls: string[] = []
  const handled: string[] = []
  let next = 0
  const service = async (fn: string) => {
    calls.push(fn)
    if (fn !== 'claim_inbound') return null
    const count = Math.min(BATCH, waiting - next)
    const receipts = Array.from({ length: count }, () => ({
      receipt_id: `${next++}`,
      provider: 'x',
      type: 'post.create',
    }))
    return { receipts, next_in_ms: null }
  }
  const ending = new AbortController()
  const deps = {
    ...{ service, ending: ending.signal, monotonic: () => 0 },
    ...{ sleep: async () => {}, log: () => {} },
  } as never
  const handle = async ({ receipt_id }: { receipt_id: string }) => handled.push(receipt_id)
  const reader = { startedAt: 0, cpuMs: 0 }
  const run = () =>
    processReceipts(
      deps,
      reader,
      { wait: async () => {} },
      { x: handle as never, stripe: handle as never },
    )
  return { run, calls, handled, reader, ending }
}

test('takes all there is, and rings nobody, while its CPU lasts', async () => {
  const { run, calls, handled } = start(350)
  expect(await run()).toBe(350)
  expect(handled).toHaveLength(350)
  expect(calls).not.toContain('ring_inbound')
})

test('leaves the rest of a crowd to a successor when half of its CPU is spent', async () => {
  const { run, calls, handled, reader } = start(5_000)
  const taken = await run()
  expect(calls.at(-1)).toBe('ring_inbound')
  expect(handled).toHaveLength(taken)
  expect(taken).toBeLessThan(5_000)
  expect(reader.cpuMs).toBeGreaterThanOrEqual(1_000)
  expect(reader.cpuMs).toBeLessThan(1_100)
})

test('leaves the rest of a crowd to a successor when the platform announces its end', async () => {
  const { run, calls, ending } = start(5_000)
  ending.abort()
  expect(await run()).toBe(BATCH)
  expect(calls.at(-1)).toBe('ring_inbound')
})

test('rung all the same, it takes a batch, so that a wrong estimate stops nothing', async () => {
  const { run, reader } = start(5_000)
  reader.cpuMs = 10_000
  expect(await run()).toBe(BATCH)
  expect(await run()).toBe(BATCH)
})
