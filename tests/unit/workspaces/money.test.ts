import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toMicros, toUsd, UsdInput } from '../../../shared/workspaces/money.ts'

test.each([
  [0, '0.00'],
  [15_000, '0.015'],
  [200_000, '0.20'],
  [1_000_000, '1.00'],
  [1_234_567, '1.234567'],
  [-30_000, '-0.03'],
  [999_999_999_999_999, '999999999.999999'],
])('%i millionths are $%s', (micros, usd) => {
  expect(toUsd(micros)).toBe(usd)
})

test('what is shown reads back as what it was', () => {
  const amount = fc.integer({ min: 0, max: 999_999_999_999_999 })
  fc.assert(
    fc.property(amount, (micros) => {
      const shown = toUsd(micros)
      expect(UsdInput.safeParse(shown).success).toBe(true)
      expect(toMicros(shown)).toBe(micros)
    }),
  )
})

test.each(['', '-1', '1.', '.5', '1,50', '1.0000001', '1e3', '1234567890', ' 1', '$1'])(
  'takes no %j for an amount',
  (text) => {
    expect(UsdInput.safeParse(text).success).toBe(false)
  },
)
