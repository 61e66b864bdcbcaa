import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** The command line of a process, words separated by spaces; empty when it cannot be known. */
export const commandOf = (pid: number) =>
  existsSync('/proc/self/cmdline')
    ? read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
    : ps('command=', pid)

/** When a process began, in a form only good for comparing: with its id it names a process for ever. */
export const birthOf = (pid: number) =>
  existsSync('/proc/self/stat')
    ? (read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[19] ?? '')
    : ps('lstart=', pid)

const read = (file: string) => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

const ps = (column: string, pid: number) => {
  try {
    return execFileSync('ps', ['-ww', '-o', column, '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}
