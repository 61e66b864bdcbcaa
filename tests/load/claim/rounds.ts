import type { Client } from 'pg'
import { median } from '../support/statistics.ts'
import { type Cycle, runCycle } from './cycle.ts'

export type Costs = { claimMs: number; cycleMs: number }

/** The same cycles in every database, turn by turn; answers the median of each. */
export const compare = async <Name extends string>(
  databases: Record<Name, Client>,
  rounds: number,
): Promise<Record<Name, Costs>> => {
  const names = Object.keys(databases) as Name[]
  const cycles = new Map<Name, Cycle[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    const first = round % names.length
    for (const name of [...names.slice(first), ...names.slice(0, first)])
      cycles.get(name)?.push(await runCycle(databases[name], round))
  }
  return Object.fromEntries(names.map((name) => [name, costsOf(cycles.get(name) ?? [])])) as Record<
    Name,
    Costs
  >
}

const costsOf = (cycles: Cycle[]): Costs => ({
  claimMs: median(cycles.map(({ claimMs }) => claimMs)) ?? Number.NaN,
  cycleMs: median(cycles.map((cycle) => cycle.claimMs + cycle.advanceMs)) ?? Number.NaN,
})
