import { expect, test } from 'vitest'
import { cpuTimeMs, mainThreadMs, parseCpuTime } from '../../../scripts/stack/cpu-time.ts'

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

test('counts no thread of a process but its main one', () => {
  expect(mainThreadMs(process.pid)).toBeGreaterThan(0)
  expect(mainThreadMs(process.pid)).toBeLessThanOrEqual(cpuTimeMs(process.pid))
  expect(mainThreadMs(0x3f_ff_ff)).toBe(0)
})
