import { type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { reapWithUs } from './reaper.ts'

export type Child = Awaited<ReturnType<typeof startChild>>

export type ChildOptions = SpawnOptions & {
  /** What ends it when this process is killed: INT lets it close its files. */
  lastSignal?: 'INT' | 'KILL'
}

/**
 * Starts a program in its own process group, so that a Ctrl-C in the terminal reaches only the stack, which then
 * stops its children in order. Rejects when the program cannot be executed at all.
 */
export const startChild = async (file: string, args: string[], options: ChildOptions) => {
  const { lastSignal = 'KILL', ...rest } = options
  const child = spawn(file, args, { cwd: '/', detached: true, ...rest })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await once(child, 'spawn')
  exited.then(reapWithUs(child.pid as number, lastSignal))
  const isRunning = () => child.exitCode === null && child.signalCode === null

  /** Sends each signal in turn until the program has ended, waiting `graceMs` after each. */
  const end = async (signals: NodeJS.Signals[], graceMs: number) => {
    for (const signal of signals) {
      if (!isRunning()) return
      child.kill(signal)
      await Promise.race([exited, sleep(graceMs, undefined, { ref: false })])
    }
  }

  const { stdin, stdout, stderr } = child
  return { pid: child.pid as number, stdin, stdout, stderr, exited, isRunning, end }
}
