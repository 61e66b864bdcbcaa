import type { Pool } from 'pg'

/** Stores what the database needs to call functions, as an operator does once per hosted project. */
export const storeVaultSecrets = async (sql: Pool, secrets: Record<string, string>) => {
  for (const [name, value] of Object.entries(secrets)) {
    const { rows } = await sql.query<{ id: string; current: string }>(
      'select id, decrypted_secret as current from vault.decrypted_secrets where name = $1',
      [name],
    )
    const [row] = rows
    if (!row) await sql.query('select vault.create_secret($1, $2)', [value, name])
    else if (row.current !== value) {
      await sql.query('select vault.update_secret($1, $2, $3)', [row.id, value, name])
    }
  }
}
