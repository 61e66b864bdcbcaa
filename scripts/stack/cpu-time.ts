import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const TICK_MS = 10

/** CPU a process has used so far, all threads, in milliseconds; 0 once it has ended. */
export const cpuTimeMs = (pid: number): number => read(pid, `/proc/${pid}/stat`)

/** Whether the CPU of single threads can be read, and at next to no cost. */
export const knowsThreads = existsSync('/proc/self/stat')

/**
 * CPU of a process' main thread, which runs the isolate of a worker: what the platform counts. That of all
 * threads where no single one is known.
 */
export const mainThreadMs = (pid: number): number => read(pid, `/proc/${pid}/task/${pid}/stat`)

const read = (pid: number, file: string) => {
  try {
    return knowsThreads ? fromProc(file) : fromPs(pid)
  } catch {
    return 0
  }
}

const fromProc = (file: string) => {
  const stat = readFileSync(file, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

const fromPs = (pid: number) =>
  parseCpuTime(execFileSync('ps', ['-o', 'time=', '-p', String(pid)], { encoding: 'utf8' }))

/** `[[dd-]hh:]mm:ss[.cc]`, as ps prints it, in milliseconds. */
export const parseCpuTime = (text: string) => {
  const [days, clock] = text.trim().includes('-') ? text.trim().split('-') : ['0', text.trim()]
  const seconds = (clock ?? '').split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  return Math.round((Number(days) * 86_400 + seconds) * 1000)
}
