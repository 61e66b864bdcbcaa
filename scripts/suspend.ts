// Usage: npm run suspend -- --workspace <id> (--reason <text> | --lift) [--db <url>] — the kill switch of a workspace.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Client } from 'pg'
import { fault, isFault } from './stack/fault.ts'

const USAGE = 'npm run suspend -- --workspace <id> (--reason <text> | --lift) [--db <url>]'
const STATE = join(import.meta.dirname, '../.stack/state.json')

const OPTIONS = {
  workspace: { type: 'string' },
  reason: { type: 'string' },
  lift: { type: 'boolean', default: false },
  db: { type: 'string' },
} as const

const readOptions = () => {
  try {
    const { workspace, reason, lift, db } = parseArgs({ options: OPTIONS }).values
    if (workspace && lift === !reason) return { workspace, reason: reason ?? null, db }
  } catch (error) {
    throw fault((error as Error).message, USAGE)
  }
  throw fault('Say which workspace, and either --reason or --lift.', USAGE)
}

/** The running stack's database, unless another is named. */
const defaultDb = async (): Promise<string> => {
  try {
    return (JSON.parse(await readFile(STATE, 'utf8')) as { db_url: string }).db_url
  } catch (error) {
    throw fault(
      'No stack is running here.',
      'Start one, or name a database with --db <url>.',
      error,
    )
  }
}

type Row = { workspace: { name: string; suspended_at: string | null } }

/** Suspends a workspace for a reason, or lifts it (reason null). Safe to repeat. */
export async function suspend(url: string, workspace: string, reason: string | null) {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const call = reason === null ? 'unsuspend_workspace($1)' : 'suspend_workspace($1, $2)'
    const values = reason === null ? [workspace] : [workspace, reason]
    const { rows } = await client.query<Row>(`select private.${call} as workspace`, values)
    return rows[0]?.workspace
  } finally {
    await client.end()
  }
}

if (import.meta.main) {
  try {
    const { workspace, reason, db } = readOptions()
    const row = await suspend(db ?? (await defaultDb()), workspace, reason)
    console.log(
      row?.suspended_at
        ? `"${row.name}" is suspended since ${row.suspended_at}: nothing of it is sent.`
        : `"${row?.name}" may publish again.`,
    )
  } catch (error) {
    console.error(isFault(error) ? `✗ ${error.message}\n  → ${error.remedy}` : error)
    process.exitCode = 1
  }
}
