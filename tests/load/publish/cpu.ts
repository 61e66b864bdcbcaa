import { familyOf, type Process } from '../support/processes.ts'

/** Milliseconds of CPU each part of a stack has used since it started. */
export type Cpu = { store: number; rest: number; gateway: number; edge: number; x: number }

const partOf = (stackPid: number, { pid, command }: Process): keyof Cpu | null => {
  if (pid === stackPid) return 'gateway'
  if (/functions\/\w+\/index\.ts/.test(command)) return 'edge'
  if (/sandbox-x/.test(command)) return 'x'
  if (/postgrest/.test(command)) return 'rest'
  return /postgres/.test(command) ? 'store' : null
}

/** Reads the CPU of a stack's parts. Backends of Postgres that have ended are included. */
export const readCpu = (stackPid: number): Cpu => {
  const cpu: Cpu = { store: 0, rest: 0, gateway: 0, edge: 0, x: 0 }
  for (const process of familyOf(stackPid)) {
    const part = partOf(stackPid, process)
    if (!part) continue
    cpu[part] += process.cpuMs + (part === 'store' ? process.endedCpuMs : 0)
  }
  return cpu
}

export const cpuBetween = (before: Cpu, after: Cpu): Cpu => ({
  store: after.store - before.store,
  rest: after.rest - before.rest,
  gateway: after.gateway - before.gateway,
  edge: after.edge - before.edge,
  x: after.x - before.x,
})
