import { asAnon, asService, asUser } from '../../../helpers/callers.ts'
import type { Tx } from '../../../helpers/database.ts'
import type { TwoWorkspaces } from '../../../helpers/two-workspaces.ts'

/** Everybody the matrix knows. The stranger owns the other workspace. */
export const CALLERS = [
  'owner',
  'admin',
  'editor',
  'viewer',
  'stranger',
  'anon',
  'service_role',
] as const

export type Caller = (typeof CALLERS)[number]

/** One outcome for each caller. */
export type Row = Record<Caller, string>

/** The rest of the transaction acts as `caller`. */
export async function become(tx: Tx, caller: Caller, { people }: TwoWorkspaces): Promise<void> {
  if (caller === 'anon') await asAnon(tx)
  else if (caller === 'service_role') await asService(tx)
  else await asUser(tx, people[caller].id)
}

/** One outcome per word, in the order of CALLERS, which makes a row of the matrix one line. */
export const row = (words: string): Row => {
  const outcomes = words.split(/\s+/)
  return Object.fromEntries(CALLERS.map((caller, index) => [caller, outcomes[index]])) as Row
}
