import { open, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, startChild } from './child.ts'
import { fault } from './fault.ts'
import { poll } from './poll.ts'
import type { Account } from './postgres-account.ts'
import { clearStaleLock, lockOf } from './postgres-lock.ts'
import { textFrom } from './text-from.ts'

/** `smart` waits for clients, `fast` disconnects them, `immediate` leaves without a checkpoint. */
export type StopMode = 'smart' | 'fast' | 'immediate'

const SIGNALS = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 20_000

export type ServerOptions = {
  dataDir: string
  postgres: string
  flags: string[]
  account: Account
}

/** One postmaster: started, stopped, restarted and killed. */
export const createServer = (o: ServerOptions) => {
  let current: Child | undefined
  let isWanted = false
  const listeners: (() => void)[] = []

  const start = async () => {
    current = await launch(o)
    isWanted = true
    const started = current
    started.exited.then(() => {
      if (isWanted && current === started) for (const listener of listeners) listener()
    })
  }

  const stop = async (mode: StopMode = 'fast') => {
    isWanted = false
    await current?.end([SIGNALS[mode], 'SIGQUIT', 'SIGKILL'], STOP_TIMEOUT_MS)
  }

  return {
    start,
    stop,
    restart: async (mode?: StopMode) => {
      await stop(mode)
      await start()
    },
    kill: async () => current?.end(['SIGKILL'], STOP_TIMEOUT_MS),
    pid: () => (current?.isRunning() ? current.pid : undefined),
    onCrash: (listener: () => void) => {
      listeners.push(listener)
    },
  }
}

const launch = async (o: ServerOptions): Promise<Child> => {
  await clearStaleLock(o.dataDir)
  for (let tries = 0; ; tries++) {
    const { child, isReady, log } = await attempt(o)
    if (isReady) return child
    await child.end(['SIGQUIT', 'SIGKILL'], STOP_TIMEOUT_MS)
    // Backends of a killed postmaster need a moment to notice and leave.
    const isHeld = /pre-existing shared memory/.test(log) && tries < 25
    if (!isHeld) throw startFault(o.dataDir, log)
    await sleep(200)
  }
}

const attempt = async (o: ServerOptions) => {
  const logFile = `${o.dataDir}.log`
  const log = await open(logFile, 'a', 0o600)
  const { size } = await stat(logFile)
  const { file, args, options } = o.account.command(o.postgres, ['-D', o.dataDir, ...o.flags])
  const child = await startChild(file, args, {
    ...options,
    lastSignal: 'INT',
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    stdio: ['ignore', log.fd, log.fd],
  })
  await log.close()
  const state = () => {
    if (!child.isRunning()) return 'ended'
    const lock = lockOf(o.dataDir)
    return lock?.pid === child.pid && lock.isReady && 'ready'
  }
  const outcome = await poll(state, { timeoutMs: START_TIMEOUT_MS, everyMs: 5 })
  return { child, isReady: outcome === 'ready', log: await textFrom(logFile, size) }
}

const startFault = (dataDir: string, log: string) => {
  const last = log.trim().split('\n').slice(-15).join('\n')
  if (/could not bind|Address already in use/.test(log)) {
    return fault(
      `Postgres could not listen on its port:\n${last}`,
      'Choose another one with --port.',
    )
  }
  return fault(
    `Postgres could not start with the data in ${dataDir}:\n${last}`,
    `Restore that directory, or begin with an empty database: npm start -- --fresh (full log: ${dataDir}.log)`,
  )
}
