import { z } from 'zod'

const MICROS = 1_000_000

/** Millionths of a US dollar as a decimal string: 15000 is "0.015", 200000 is "0.20". */
export const toUsd = (micros: number): string => {
  const sign = micros < 0 ? '-' : ''
  const whole = Math.floor(Math.abs(micros) / MICROS)
  const rest = String(Math.abs(micros) % MICROS).padStart(6, '0')
  return `${sign}${whole}.${rest.replace(/0{1,4}$/, '')}`
}

/** The millionths in a decimal string of at most nine digits and six decimals. */
export const toMicros = (usd: string): number => {
  const [whole = '0', rest = ''] = usd.split('.')
  return Number(whole) * MICROS + Number(rest.padEnd(6, '0'))
}

/** An amount in an answer. A string, because a JSON number is binary and money is not. */
export const Usd = z.string().meta({ description: 'US dollars, as a decimal.', examples: ['0.20'] })

/** An amount in a request. */
export const UsdInput = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,6})?$/, { error: 'Must be US dollars such as "25" or "0.20".' })
  .meta({ description: 'US dollars, as a decimal.', examples: ['25.00'] })
