import type { Pool, PoolClient } from 'pg'

/** A connection inside a transaction of the Auth role. */
export type Transaction = PoolClient

/**
 * Runs `work` in one transaction as `supabase_auth_admin`, the role Auth has on hosted Supabase, so
 * that a trigger on auth.users that lacks rights there lacks them here.
 */
export const inTransaction = async <T>(
  sql: Pool,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> => {
  const tx = await sql.connect()
  let broken = false
  try {
    await tx.query('begin; set local role supabase_auth_admin')
    const result = await work(tx)
    await tx.query('commit')
    return result
  } catch (error) {
    await tx.query('rollback').catch(() => {
      broken = true
    })
    throw error
  } finally {
    tx.release(broken)
  }
}
