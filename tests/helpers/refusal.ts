import { DatabaseError } from 'pg'
import type { Tx } from './database.ts'

export type Refusal = { code: string; message: string; detail?: string; hint?: string }

/**
 * How the database refuses a statement. Undone by a savepoint, so the transaction goes on.
 * Throws when it is not refused.
 */
export async function refusalOf(tx: Tx, sql: string, values: unknown[] = []): Promise<Refusal> {
  await tx.query('savepoint refusal')
  try {
    await tx.query(sql, values)
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    await tx.query('rollback to savepoint refusal')
    const { code = '', message, detail, hint } = error
    return { code, message, detail, hint }
  }
  throw new Error(`not refused: ${sql}`)
}
