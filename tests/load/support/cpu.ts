import { familyOf, type Process } from './processes.ts'

/** Milliseconds of CPU each part of a stack has used since it started. */
export type Cpu = {
  store: number
  rest: number
  gateway: number
  /** Workers of the function that is measured. */
  measured: number
  otherFunctions: number
  x: number
}

const partOf = (stackPid: number, slug: string, process: Process): keyof Cpu | null => {
  const { pid, command } = process
  if (pid === stackPid) return 'gateway'
  if (/deno serve /.test(command)) {
    return command.includes(`functions%2F${slug}%2F`) ? 'measured' : 'otherFunctions'
  }
  if (/sandbox-x/.test(command)) return 'x'
  if (/postgrest/.test(command)) return 'rest'
  return /postgres/.test(command) ? 'store' : null
}

/**
 * Reads the CPU of a stack's parts, including that of processes which have ended: workers that have
 * ended count as those of `slug`.
 */
export const readCpu = (stackPid: number, slug: string): Cpu => {
  const cpu: Cpu = { store: 0, rest: 0, gateway: 0, measured: 0, otherFunctions: 0, x: 0 }
  for (const process of familyOf(stackPid)) {
    const part = partOf(stackPid, slug, process)
    if (!part) continue
    cpu[part] += process.cpuMs
    // Children that have ended: backends of Postgres, and workers of the stack that were replaced.
    if (part === 'store') cpu.store += process.endedCpuMs
    if (part === 'gateway') cpu.measured += process.endedCpuMs
  }
  return cpu
}

export const cpuBetween = (before: Cpu, after: Cpu): Cpu => ({
  store: after.store - before.store,
  rest: after.rest - before.rest,
  gateway: after.gateway - before.gateway,
  measured: after.measured - before.measured,
  otherFunctions: after.otherFunctions - before.otherFunctions,
  x: after.x - before.x,
})
