import { parseArgs } from 'node:util'

export const PARTS = ['one', 'many', 'limit', 'steady', 'dead', 'ingest', 'chaos'] as const
export type Part = (typeof PARTS)[number]

const OPTIONS = {
  /** Of each burst, and of the run with a killed worker. */
  events: { type: 'string', default: '10000' },
  /** That share the bursts of part `many`. */
  workspaces: { type: 'string', default: '50' },
  rounds: { type: 'string', default: '3' },
  /** Events of X in each round. */
  ingest: { type: 'string', default: '3000' },
  /** Events under steady load. */
  steady: { type: 'string', default: '600' },
  /** Events of each round with a dead endpoint, and of each without. */
  dead: { type: 'string', default: '1000' },
  /** Parts to run, separated by commas. */
  only: { type: 'string', default: PARTS.join(',') },
} as const

export type Options = ReturnType<typeof readOptions>

/** Reads the words after `npm run bench:deliver --`; throws for a part there is not. */
export const readOptions = (args: string[]) => {
  const { values } = parseArgs({ args, options: OPTIONS })
  const wanted = values.only.split(',')
  const unknown = wanted.filter((part) => !PARTS.includes(part as Part))
  if (unknown.length > 0) throw new Error(`--only takes ${PARTS.join(', ')}; not ${unknown}`)
  return {
    events: Number(values.events),
    workspaces: Number(values.workspaces),
    rounds: Number(values.rounds),
    ingest: Number(values.ingest),
    steady: Number(values.steady),
    dead: Number(values.dead),
    runs: (part: Part) => wanted.includes(part),
  }
}
