import { expect, test } from 'vitest'
import { createBatcher } from '../../../shared/worker/batcher.ts'

/** Batches that stay open until told; timers that fire at once. */
const openBatches = (maxItems: number, maxRunning: number) => {
  const started: { items: number[]; finish: () => void }[] = []
  const batch = createBatcher<number, number>({
    run: (items) =>
      new Promise((resolve) => {
        started.push({ items, finish: () => resolve(items.map((item) => item * 10)) })
      }),
    lingerMs: 5,
    maxItems,
    maxRunning,
    sleep: () => Promise.resolve(),
  })
  return { batch, started }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('each call gets its own answer', async () => {
  const { batch, started } = openBatches(10, 1)
  const answers = Promise.all([batch(1), batch(2), batch(3)])
  await settled()
  started[0]?.finish()
  expect(await answers).toEqual([10, 20, 30])
  expect(started).toHaveLength(1)
})

test('a full batch starts without waiting, and never holds more than its maximum', async () => {
  const { batch, started } = openBatches(2, 5)
  for (const item of [1, 2, 3, 4, 5]) void batch(item)
  await settled()
  expect(started.map(({ items }) => items)).toEqual([[1, 2], [3, 4], [5]])
})

test('what comes while batches are under way gathers, and goes as soon as one is done', async () => {
  const { batch, started } = openBatches(10, 1)
  void batch(1)
  await settled()
  void batch(2)
  await settled()
  void batch(3)
  await settled()
  expect(started.map(({ items }) => items)).toEqual([[1]])

  started[0]?.finish()
  await settled()
  expect(started.map(({ items }) => items)).toEqual([[1], [2, 3]])
})

test('gathers beside a batch that is under way, and no longer than its patience', async () => {
  let isPatienceOver = () => {}
  const patience = new Promise<void>((resolve) => {
    isPatienceOver = resolve
  })
  const started: number[][] = []
  const batch = createBatcher<number, number>({
    run: (items) => {
      started.push(items)
      return new Promise(() => {})
    },
    lingerMs: 5,
    patienceMs: 200,
    maxItems: 10,
    maxRunning: 2,
    sleep: (ms) => (ms === 5 ? Promise.resolve() : patience),
  })
  void batch(1)
  await settled()
  void batch(2)
  await settled()
  void batch(3)
  expect(started).toEqual([[1]])

  isPatienceOver()
  await settled()
  expect(started).toEqual([[1], [2, 3]])
})

test('a batch that fails rejects its own calls alone, and the next one runs', async () => {
  let calls = 0
  const batch = createBatcher<number, number>({
    run: async (items) => {
      calls += 1
      if (calls === 1) throw new Error('lost')
      return items
    },
    lingerMs: 0,
    maxItems: 1,
    maxRunning: 1,
    sleep: () => Promise.resolve(),
  })
  await expect(batch(1)).rejects.toThrow('lost')
  await expect(batch(2)).resolves.toBe(2)
})

test('an answer that is missing is an error, never undefined', async () => {
  const batch = createBatcher<number, number>({
    run: async () => [],
    lingerMs: 0,
    maxItems: 1,
    maxRunning: 1,
    sleep: () => Promise.resolve(),
  })
  await expect(batch(1)).rejects.toThrow('fewer items')
})
