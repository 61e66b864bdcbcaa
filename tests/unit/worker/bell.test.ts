import { expect, test } from 'vitest'
import { createBell } from '../../../shared/worker/bell.ts'

const never = (_ms: number, signal?: AbortSignal) =>
  new Promise<void>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))

test('wakes whoever waits', async () => {
  const bell = createBell({ sleep: never })
  const waiting = bell.wait(60_000)
  bell.ring()
  await waiting
})

test('keeps a ring that came while nobody waited, and only one', async () => {
  const waits: number[] = []
  const bell = createBell({
    sleep: async (ms) => {
      waits.push(ms)
    },
  })
  bell.ring()
  bell.ring()
  await bell.wait(1)
  await bell.wait(2)
  expect(waits).toEqual([2])
})
