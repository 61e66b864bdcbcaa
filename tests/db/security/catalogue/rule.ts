import type { Tx } from '../../../helpers/database.ts'

/** Something that must be true of every object migrations make. */
export type Rule = {
  /** As a sentence. */
  rule: string
  /** Names what breaks it, in any order; nothing when it holds. */
  offenders: (tx: Tx) => Promise<string[]>
  /** Statements that break it, each alone: the proof that the rule can fail. */
  violations: string[]
}

/** Offenders as the column `name` of a query. */
export const select =
  (sql: string): Rule['offenders'] =>
  async (tx) =>
    (await tx.query<{ name: string }>(sql)).rows.map(({ name }) => name)
