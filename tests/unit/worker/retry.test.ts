import { expect, test } from 'vitest'
import { retry } from '../../../shared/worker/retry.ts'
import { fakeWorker } from '../../helpers/fake-worker.ts'

const failing = (times: number) => {
  const worker = fakeWorker()
  const calledAt: number[] = []
  const call = async () => {
    calledAt.push(worker.deps.monotonic())
    if (calledAt.length <= times) throw new Error(`failure ${calledAt.length}`)
    return 'answer'
  }
  return { ...worker, calledAt, call }
}

test('answers at once when the call does', async () => {
  const { deps, call, calledAt } = failing(0)
  expect(await retry(deps, call, { forMs: 1_000 })).toBe('answer')
  expect(calledAt).toEqual([0])
})

test('repeats until the call succeeds, waiting ever longer up to 5 s', async () => {
  const { deps, call, calledAt } = failing(9)

  expect(await retry(deps, call, { forMs: 60_000 })).toBe('answer')

  const waits = calledAt.slice(1).map((at, index) => at - (calledAt[index] ?? 0))
  expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000])
})

test('gives up within its time, with the last error', async () => {
  const { deps, call } = failing(100)

  await expect(retry(deps, call, { forMs: 1_000 })).rejects.toThrow('failure 4')
  expect(deps.monotonic()).toBeLessThanOrEqual(1_000)
})

test('calls once even when there is no time at all', async () => {
  const { deps, call, calledAt } = failing(100)

  await expect(retry(deps, call, { forMs: 0 })).rejects.toThrow('failure 1')
  expect(calledAt).toHaveLength(1)
})
