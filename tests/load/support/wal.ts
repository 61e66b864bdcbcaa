import type pg from 'pg'

export type Wal = {
  bytes: number
  /** Of them, whole pages: what each page costs on its first change after a checkpoint. */
  fullPageBytes: number
}

/** Counts the WAL written from now on; the answer reads how much it was. */
export const watchWal = async (sql: pg.ClientBase): Promise<() => Promise<Wal>> => {
  await sql.query('create extension if not exists pg_walinspect with schema extensions')
  const { rows } = await sql.query<{ lsn: string }>(
    'select pg_current_wal_insert_lsn()::text as lsn',
  )
  const from = rows[0]?.lsn
  return async () => {
    const { rows } = await sql.query<{ bytes: string; full_page_bytes: string }>(
      `select
         pg_wal_lsn_diff(till, $1)::text as bytes,
         (select coalesce(sum(fpi_size), 0)::bigint::text
          from extensions.pg_get_wal_stats($1, till)) as full_page_bytes
       from pg_current_wal_lsn() as till`,
      [from],
    )
    return { bytes: Number(rows[0]?.bytes), fullPageBytes: Number(rows[0]?.full_page_bytes) }
  }
}
