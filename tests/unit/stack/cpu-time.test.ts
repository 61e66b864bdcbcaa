import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import {
  cpuTimeMs,
  knowsThreads,
  mainThreadMs,
  parseCpuTime,
} from '../../../scripts/stack/cpu-time.ts'

test.each([
  ['0:00.12', 120],
  ['1:02.50', 62_500],
  ['01:00:00', 3_600_000],
  ['2-00:00:01', 172_801_000],
])('reads %s as ps prints it', (text, expected) => {
  expect(parseCpuTime(text)).toBe(expected)
})

test('counts the CPU of a living process and none of an absent one', () => {
  expect(cpuTimeMs(process.pid)).toBeGreaterThan(0)
  expect(cpuTimeMs(0x3f_ff_ff)).toBe(0)
})

const BURN = `const end = performance.now() + 400; while (performance.now() < end);`

test.runIf(knowsThreads)('counts no thread of a process but its main one', async () => {
  const [all, main] = [cpuTimeMs(process.pid), mainThreadMs(process.pid)]
  await once(new Worker(BURN, { eval: true }), 'exit')
  const [burnt, ownShare] = [cpuTimeMs(process.pid) - all, mainThreadMs(process.pid) - main]
  expect(burnt).toBeGreaterThan(0)
  expect(ownShare).toBeLessThan(burnt / 2)
  expect(mainThreadMs(0x3f_ff_ff)).toBe(0)
})
