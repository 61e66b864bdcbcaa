import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cpuTimeMs, parseCpuTime } from '../../../scripts/stack/cpu-time.ts'

export type Process = {
  pid: number
  parent: number
  command: string
  /** Of the process itself. */
  cpuMs: number
  /** Of its children that have ended; 0 where the system does not tell. */
  endedCpuMs: number
}

const TICK_MS = 10

/** Every process of this machine that we may look at. */
export const processes = (): Process[] => (existsSync('/proc/self/stat') ? fromProc() : fromPs())

const fromProc = (): Process[] =>
  readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
      const endedCpuMs = (Number(fields[13]) + Number(fields[14])) * TICK_MS
      const pid = Number(name)
      return [{ pid, parent: Number(fields[1]), command, cpuMs: cpuTimeMs(pid), endedCpuMs }]
    } catch {
      // It ended while we read.
      return []
    }
  })

const fromPs = (): Process[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid=,time=,command='], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const [, pid, parent, time, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
      if (!pid || !time || !command) return []
      const cpuMs = parseCpuTime(time)
      return [{ pid: Number(pid), parent: Number(parent), command, cpuMs, endedCpuMs: 0 }]
    })

/** A process and all that descend from it. */
export const familyOf = (root: number, all = processes()): Process[] => {
  const members = new Set([root])
  for (let before = 0; before < members.size; ) {
    before = members.size
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid)
  }
  return all.filter(({ pid }) => members.has(pid))
}
