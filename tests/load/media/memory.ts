import { readFileSync } from 'node:fs'
import type { Host } from '../support/start-host.ts'

/** Resident memory of a process in bytes, now and at its highest; null when it has ended. */
export const memoryOf = (pid: number): { now: number; peak: number } | null => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const read = (name: string) =>
      Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024
    const memory = { now: read('VmRSS'), peak: read('VmHWM') }
    // One that has just ended has none.
    return Number.isNaN(memory.peak) ? null : memory
  } catch {
    return null
  }
}

export type Watched = { pid: number; peakBytes: number; cpuMs: number }

/** Watches every worker of a function from its first moment on. `stop` answers what each of them used. */
export const watchWorkers = (host: Host, slug: string) => {
  const seen = new Map<number, Watched>()
  let isStopped = false
  const look = async () => {
    for (const worker of await host.workers()) {
      const memory = worker.slug === slug ? memoryOf(worker.pid) : null
      if (!memory) continue
      const { pid, cpu_ms: cpuMs } = worker
      seen.set(pid, { pid, peakBytes: memory.peak, cpuMs })
    }
  }
  const watch = async () => {
    while (!isStopped) {
      await look()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const watching = watch()
  return {
    stop: async () => {
      isStopped = true
      await watching
      return [...seen.values()]
    },
  }
}
