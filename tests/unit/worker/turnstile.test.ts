import { expect, test } from 'vitest'
import { createTurnstile } from '../../../shared/worker/turnstile.ts'

const settled = () => new Promise((resolve) => setImmediate(resolve))

/** Work that is under way until told, and a clock that goes on when told. */
const setUp = (options: { first: number; most: number }) => {
  const begun: string[] = []
  const ends = new Map<string, (error?: Error) => void>()
  const sleepers: (() => void)[] = []
  const pass = createTurnstile(
    { sleep: () => new Promise((resolve) => sleepers.push(resolve)) },
    { ...options, patienceMs: 100 },
  )
  const run = (name: string) =>
    pass(
      () =>
        new Promise<string>((resolve, reject) => {
          begun.push(name)
          ends.set(name, (error) => (error ? reject(error) : resolve(name)))
        }),
    )
  return {
    begun,
    run,
    runAll: (names: string) => Promise.allSettled([...names].map(run)),
    end: async (name: string, error?: Error) => {
      ends.get(name)?.(error)
      await settled()
    },
    /** Somebody's patience has come to an end. */
    patienceEnds: async () => {
      for (const wake of sleepers.splice(0)) wake()
      await settled()
    },
    asleep: () => sleepers.length,
  }
}

test('has no more under way than there is room for, and keeps the order of the calls', async () => {
  const { begun, runAll, end } = setUp({ first: 2, most: 8 })
  const all = runAll('abcd')
  await settled()
  expect(begun).toEqual(['a', 'b'])
  await end('b')
  expect(begun).toEqual(['a', 'b', 'c'])
  await end('a')
  await end('c')
  await end('d')
  expect(begun).toEqual(['a', 'b', 'c', 'd'])
  expect(await all).toMatchObject([{ value: 'a' }, { value: 'b' }, { value: 'c' }, { value: 'd' }])
})

test('makes twice the room, again and again, while the first in the queue waits too long', async () => {
  const { begun, runAll, patienceEnds } = setUp({ first: 1, most: 8 })
  void runAll('abcdefghijk')
  await settled()
  for (const room of [1, 2, 4, 8, 8]) {
    expect(begun).toHaveLength(room)
    await patienceEnds()
  }
})

test('makes no room while the queue moves', async () => {
  const { begun, runAll, end, patienceEnds } = setUp({ first: 1, most: 8 })
  void runAll('abcd')
  await settled()
  for (const name of 'abc') {
    await end(name)
    await patienceEnds()
  }
  expect(begun).toEqual(['a', 'b', 'c', 'd'])
  await end('d')
})

test('work that fails rejects, and gives its place back', async () => {
  const { begun, run, end } = setUp({ first: 1, most: 1 })
  const failed = run('a').catch((error: Error) => error.message)
  void run('b')
  await settled()
  await end('a', new Error('no luck'))
  expect(await failed).toBe('no luck')
  expect(begun).toEqual(['a', 'b'])
})

test('watches nothing once the queue is empty', async () => {
  const { runAll, end, patienceEnds, asleep } = setUp({ first: 1, most: 8 })
  void runAll('ab')
  await settled()
  await end('a')
  await patienceEnds()
  expect(asleep()).toBe(0)
})
