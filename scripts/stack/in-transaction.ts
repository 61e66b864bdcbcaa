import type { Pool, PoolClient } from 'pg'

/**
 * Runs `work` in a transaction on a connection of the pool, committed at the end unless `end` says
 * otherwise and rolled back when it throws. A connection that broke meanwhile is thrown away.
 */
export const inTransaction = async <T>(
  sql: Pool,
  work: (tx: PoolClient) => Promise<T>,
  end: 'commit' | 'rollback' = 'commit',
): Promise<T> => {
  const tx = await sql.connect()
  let isBroken = false
  const onError = () => {
    isBroken = true
  }
  tx.on('error', onError)
  try {
    await tx.query('begin')
    const result = await work(tx)
    await tx.query(end)
    return result
  } catch (error) {
    await tx.query('rollback').catch(onError)
    throw error
  } finally {
    tx.off('error', onError)
    tx.release(isBroken)
  }
}
