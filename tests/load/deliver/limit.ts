import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { denoBinary } from '../../../scripts/stack/deno-binary.ts'
import type { LimitJob, LimitResult } from './limit-loop.ts'
import type { Receiver } from './receiver.ts'

const PATH = '/limit'
const FLAGS = ['run', '--quiet', '--no-prompt', '--no-check', '--no-config', '--allow-net']

/** Signed POSTs per second of a bare Deno loop, to the same receiver. Throws when one was lost. */
export const measureLimit = async (receiver: Receiver, count: number): Promise<number> => {
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  const job: LimitJob = { url: receiver.url(PATH), secret, inFlight: 64, warmUp: 1_000, count }
  const loop = join(import.meta.dirname, 'limit-loop.ts')
  const child = spawn(denoBinary(), [...FLAGS, loop], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(job))
  const { ms } = JSON.parse(await text(child.stdout)) as LimitResult
  const seen = (await receiver.collect({ [PATH]: secret }))[PATH]
  if (seen?.events !== job.warmUp + count || seen.faults > 0) {
    throw new Error(`the receiver got ${seen?.events} of ${job.warmUp + count} from the limit loop`)
  }
  return (count / ms) * 1000
}
