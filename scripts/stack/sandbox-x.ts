import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { startChild } from './child.ts'
import { fault } from './fault.ts'
import { keepRunning } from './keep-running.ts'

const MAIN = join(import.meta.dirname, 'sandbox-x', 'main.ts')

/** Runs the sandbox X in a process of its own, so that its load and its faults are not ours. Resolves when it answers. */
export const startSandboxX = (o: { port: number; data: string; log: (line: string) => void }) => {
  const launch = async () => {
    const args = [MAIN, '--port', String(o.port), '--data', o.data]
    const stdio = ['ignore' as const, 'pipe' as const, 'pipe' as const]
    const child = await startChild(process.execPath, args, { env: process.env, stdio })
    const errors = createInterface({ input: child.stderr as Readable })
    errors.on('line', (line) => o.log(`[x] ${line}`))
    const output = createInterface({ input: child.stdout as Readable })
    const ready = once(output, 'line').then(() => true)
    if (await Promise.race([ready, child.exited.then(() => false)])) return child
    throw fault('The sandbox X did not start.', 'See the lines marked [x] above.')
  }
  return keepRunning({ name: 'sandbox X', launch, log: o.log })
}
