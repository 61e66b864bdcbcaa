import { spawn } from 'node:child_process'
import { join } from 'node:path'

let input: NodeJS.WritableStream | undefined

/**
 * Puts a child under the reaper: it gets `signal` when this process ends without having stopped it, even by SIGKILL.
 * Answers the function to call when the child has ended.
 */
export const reapWithUs = (pid: number, signal: 'INT' | 'KILL') => {
  input ??= startReaper()
  input.write(`${signal} ${pid}\n`)
  return () => {
    input?.write(`gone ${pid}\n`)
  }
}

// One for the whole process, started with the first child; it holds no timer or socket open here.
const startReaper = () => {
  const reaper = spawn('sh', [join(import.meta.dirname, 'reaper.sh')], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  reaper.unref()
  reaper.stdin.on('error', () => {})
  const handle = reaper.stdin as NodeJS.WritableStream & { unref?: () => void }
  handle.unref?.()
  return reaper.stdin
}
