import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { StackState } from '../../../scripts/stack/state.ts'

/** `cron: false` wakes no function by itself; `env` are settings of functions, over the stack's own. */
export type HostSetup = {
  data: string
  cron?: boolean
  env?: Record<string, string>
  /** Directory with supabase/, functions/ and deno.json. */
  project?: string
}
/** Every order is answered with the workers that are left. */
export type HostOrder = { kill: string } | { restartPostgres: true } | { list: true }
export type Worker = { slug: string; pid: number; cpu_ms: number; started_at: string }
export type HostAnswer =
  | { line: string }
  | { ready: { state: StackState; seconds: number } }
  | { workers: Worker[] }
  | { failed: string }

export type Host = Awaited<ReturnType<typeof startHost>>

/**
 * Starts a stack in a child process and waits until it is ready. `onLine` gets the warnings and
 * errors functions log. `stop` ends it in order.
 */
export const startHost = async (setup: HostSetup, onLine: (line: string) => void = () => {}) => {
  const child = fork(join(import.meta.dirname, 'stack-host.ts'), { stdio: 'inherit' })
  const exited = once(child, 'exit')
  const answer = <T>(pick: (answer: HostAnswer) => T | undefined) =>
    new Promise<T>((resolve, reject) => {
      const settle = (done: () => void) => {
        child.off('message', listen)
        child.off('exit', fail)
        done()
      }
      const listen = (message: HostAnswer) => {
        const picked = pick(message)
        if ('failed' in message) settle(() => reject(new Error(message.failed)))
        else if (picked !== undefined) settle(() => resolve(picked))
      }
      const fail = () => settle(() => reject(new Error('the stack ended')))
      child.on('message', listen)
      child.once('exit', fail)
    })

  child.on('message', (message: HostAnswer) => 'line' in message && onLine(message.line))
  child.send(setup)
  const ask = (order: HostOrder) => {
    const workers = answer((a) => ('workers' in a ? a.workers : undefined))
    child.send(order)
    return workers
  }
  const { state, seconds } = await answer((a) => ('ready' in a ? a.ready : undefined))
  return {
    state,
    /** How long the start took. */
    readySeconds: seconds,
    pid: child.pid as number,
    /** Live function workers with the CPU each has used. */
    workers: () => ask({ list: true }),
    /** SIGKILLs the workers of a function. */
    killWorkers: (slug: string) => ask({ kill: slug }),
    /** Stops Postgres without a checkpoint and starts it again. */
    restartPostgres: () => ask({ restartPostgres: true }),
    stop: async () => {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}
