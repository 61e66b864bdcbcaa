import { expect, test } from 'vitest'
import { createPulse } from '../../../shared/webhooks/pulse.ts'
import { fakeWorker } from '../../helpers/fake-worker.ts'

/** A pulse whose beats the test makes. */
const pulseOf = (keep: () => unknown = () => null) => {
  const { deps, calls, logs } = fakeWorker({ keep_delivery_worker: keep })
  const beating = new Set<() => void>()
  const every = (_ms: number, run: () => void) => {
    beating.add(run)
    return () => beating.delete(run)
  }
  const pulse = createPulse({ ...deps, every: every as typeof deps.every }, 'worker')
  const beat = () => {
    for (const run of beating) run()
  }
  return { pulse, beat, beating, calls, logs }
}

test('a worker says that it lives from its first attempt to its last', () => {
  const { pulse, beat, beating, calls } = pulseOf()
  pulse.begin()
  pulse.begin()
  beat()
  expect(calls.map(({ args }) => args)).toEqual([{ p_worker_id: 'worker' }])
  pulse.end()
  pulse.end()
  expect(beating.size).toBe(0)
  pulse.begin()
  expect(beating.size).toBe(1)
})

test('a beat the database did not take is logged, and the next one follows', async () => {
  const { pulse, beat, calls, logs } = pulseOf(() => {
    throw new Error('down')
  })
  pulse.begin()
  beat()
  beat()
  await new Promise(setImmediate)
  expect(calls).toHaveLength(2)
  expect(logs).toMatchObject([{ message: 'beat failed' }, { message: 'beat failed' }])
})
