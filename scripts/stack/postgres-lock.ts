import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isAlive } from './is-alive.ts'
import { poll } from './poll.ts'
import { commandOf } from './process-identity.ts'

/** What `postmaster.pid` says: the postmaster's process id and whether it takes connections. */
export const lockOf = (dataDir: string) => {
  const file = join(dataDir, 'postmaster.pid')
  const text = textOf(file)
  if (text === undefined) return undefined
  const lines = text.split('\n')
  return { file, pid: Math.abs(Number(lines[0])), isReady: lines[7]?.trim() === 'ready' }
}

/** Read at once, without asking first: a postmaster that fails removes the file at any moment. */
const textOf = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Makes the directory free to start in: a server left behind by a killed stack is shut down, and a lock file whose
 * process id now belongs to some other program is removed. Postgres itself would refuse both.
 */
export const clearStaleLock = async (dataDir: string) => {
  const lock = lockOf(dataDir)
  if (!lock || !isAlive(lock.pid)) return
  if (!commandOf(lock.pid).includes(dataDir)) return rm(lock.file, { force: true })
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    process.kill(lock.pid, signal)
    if (await poll(() => !isAlive(lock.pid), { timeoutMs: 10_000 })) return
  }
}
