import type { Pool, PoolClient } from 'pg'
import { inTransaction } from '../in-transaction.ts'

/** A connection inside a transaction of the Auth role. */
export type Transaction = PoolClient

/**
 * Runs `work` in one transaction as `supabase_auth_admin`, the role Auth has on hosted Supabase, so
 * that a trigger on auth.users that lacks rights there lacks them here.
 */
export const asAuth = <T>(sql: Pool, work: (tx: Transaction) => Promise<T>): Promise<T> =>
  inTransaction(sql, async (tx) => {
    await tx.query('set local role supabase_auth_admin')
    return work(tx)
  })
