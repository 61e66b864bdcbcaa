import { expect, test } from 'vitest'
import { oneAtATime } from '../../../shared/worker/one-at-a-time.ts'

/** Work whose runs end when the test says so. */
const steppedWork = () => {
  const ends: { resolve: () => void; reject: (reason: Error) => void }[] = []
  let running = 0
  let most = 0
  const start = oneAtATime(async () => {
    running += 1
    most = Math.max(most, running)
    await new Promise<void>((resolve, reject) => ends.push({ resolve, reject })).finally(() => {
      running -= 1
    })
  })
  return { start, ends, runs: () => ends.length, most: () => most }
}

test('never runs twice at once, and once more for all who called meanwhile', async () => {
  const work = steppedWork()
  const calls = [work.start(), work.start(), work.start()]
  expect(work.runs()).toBe(1)

  work.ends[0]?.resolve()
  await expect.poll(work.runs).toBe(2)
  work.ends[1]?.resolve()
  await Promise.all(calls)

  expect(work.runs()).toBe(2)
  expect(work.most()).toBe(1)
})

test('runs once for one call, and anew for a later one', async () => {
  const work = steppedWork()
  const first = work.start()
  work.ends[0]?.resolve()
  await first

  const second = work.start()
  expect(work.runs()).toBe(2)
  work.ends[1]?.resolve()
  await second
})

test('tells its callers of a failure, and can be started again', async () => {
  const work = steppedWork()
  const failing = work.start()
  work.ends[0]?.reject(new Error('broken'))
  await expect(failing).rejects.toThrow('broken')

  const again = work.start()
  work.ends[1]?.resolve()
  await expect(again).resolves.toBeUndefined()
})
