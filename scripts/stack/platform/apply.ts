import { readFile } from 'node:fs/promises'
import { Client } from 'pg'

const STEPS: { file: string; unless?: string }[] = [
  { file: 'roles.sql' },
  { file: 'extensions.sql' },
  { file: 'auth.sql' },
  { file: 'realtime.sql' },
  { file: 'vault.sql', unless: 'supabase_vault' },
  { file: 'cron.sql', unless: 'pg_cron' },
  { file: 'net.sql', unless: 'pg_net' },
]

/**
 * Gives the database of `adminUrl` (a superuser's) what hosted Supabase provides before our
 * migrations. Safe to run again; a stand-in is left out where the real extension is available.
 */
export async function applyPlatform(adminUrl: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl })
  await client.connect()
  try {
    const available = await client.query<{ name: string }>(
      'select name from pg_available_extensions',
    )
    const names = new Set(available.rows.map((row) => row.name))
    for (const step of STEPS) {
      if (step.unless && names.has(step.unless)) continue
      const sql = await readFile(new URL(step.file, import.meta.url), 'utf8')
      await client.query(`begin; set local client_min_messages = warning; ${sql}; commit;`)
    }
  } finally {
    await client.end()
  }
}
