import { parseArgs } from 'node:util'

export const PARTS = [
  'spike',
  'limit',
  'peers',
  'trickle',
  'slow',
  'hanging',
  'kill',
  'blows',
] as const
export type Part = (typeof PARTS)[number]

const OPTIONS = {
  posts: { type: 'string', default: '20000' },
  /** As many as posts unless told: the real nine o'clock is many accounts with one post each. */
  accounts: { type: 'string' },
  rounds: { type: 'string', default: '3' },
  trickle: { type: 'string', default: '400' },
  /** Of a spike with one hanging account. */
  hanging: { type: 'string', default: '5000' },
  /** Of each spike before, under and after the blows. */
  blows: { type: 'string', default: '5000' },
  /** Parts to run, separated by commas. */
  only: { type: 'string', default: PARTS.join(',') },
} as const

export type Options = ReturnType<typeof readOptions>

/** Reads the words after `npm run bench:publish --`; throws for a part there is not. */
export const readOptions = (args: string[]) => {
  const { values } = parseArgs({ args, options: OPTIONS })
  const wanted = values.only.split(',')
  const unknown = wanted.filter((part) => !PARTS.includes(part as Part))
  if (unknown.length > 0) throw new Error(`--only takes ${PARTS.join(', ')}; not ${unknown}`)
  return {
    posts: Number(values.posts),
    accounts: Number(values.accounts ?? values.posts),
    rounds: Number(values.rounds),
    trickle: Number(values.trickle),
    hanging: Number(values.hanging),
    blows: Number(values.blows),
    runs: (part: Part) => wanted.includes(part),
  }
}
