import { existsSync, readFileSync } from 'node:fs'
import { chown, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { fault } from './fault.ts'
import type { Account } from './postgres-account.ts'
import { INITDB_FLAGS } from './postgres-settings.ts'
import { runProgram } from './run-program.ts'

const FRESH = 'Begin with an empty database: npm start -- --fresh'

/** Initialises the cluster beside its final place and renames it, so that an interrupted start leaves nothing half made. */
export const initialiseCluster = async (o: {
  dataDir: string
  initdb: string
  account: Account
  fast: boolean
}) => {
  const place = `${o.dataDir}.new`
  const password = `${o.dataDir}.password`
  await rm(place, { recursive: true, force: true })
  await mkdir(place, { mode: 0o700 })
  await writeFile(password, 'postgres\n', { mode: 0o600 })
  if (o.account.ids) {
    const { uid, gid } = o.account.ids
    await Promise.all([chown(place, uid, gid), chown(password, uid, gid)])
  }
  const flags = [`--pgdata=${place}`, `--pwfile=${password}`, ...INITDB_FLAGS]
  try {
    await run(o.account, o.initdb, o.fast ? [...flags, '--no-sync'] : flags)
  } finally {
    await rm(password, { force: true })
  }
  await rm(o.dataDir, { recursive: true, force: true })
  await rename(place, o.dataDir)
}

/** Whether the directory holds a cluster of our version; throws when it holds something else. */
export const hasCluster = async (dataDir: string) => {
  const entries = await readdir(dataDir).catch(() => [])
  if (entries.length === 0) return false
  if (!existsSync(`${dataDir}/PG_VERSION`)) {
    throw fault(`${dataDir} is not a Postgres cluster: the file PG_VERSION is missing.`, FRESH)
  }
  const version = readFileSync(`${dataDir}/PG_VERSION`, 'utf8').trim()
  if (version !== '17') {
    throw fault(
      `${dataDir} was made by Postgres ${version || '(unknown)'}, this is Postgres 17.`,
      FRESH,
    )
  }
  return true
}

const run = async (account: Account, initdb: string, flags: string[]) => {
  const { file, args, options } = account.command(initdb, flags)
  const env = { PATH: process.env.PATH, LC_ALL: 'C' }
  const { code, output } = await runProgram(file, args, { ...options, env })
  if (code === 0) return
  throw fault(
    `The database could not be initialised:\n${output.trim()}`,
    'See the message above; `npm start -- --fresh` tries again from nothing.',
  )
}
