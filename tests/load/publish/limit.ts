import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { denoBinary } from '../../../scripts/stack/deno-binary.ts'
import type { LimitJob, LimitPost, LimitResult } from './limit-loop.ts'
import type { LoadAccount } from './seed-accounts.ts'
import { textOf } from './texts.ts'

const IN_FLIGHT = 64
const WARM_UP = 1_000

const postsOf = (name: string, accounts: LoadAccount[], count: number): LimitPost[] =>
  Array.from({ length: count }, (_, index) => ({
    token: accounts[index % accounts.length]?.accessToken ?? '',
    text: textOf(name, index),
  }))

/** POSTs `count` texts like those of a spike in a bare Deno loop. Returns posts per second. */
export const measureLimit = async (
  xUrl: string,
  { name, accounts, count }: { name: string; accounts: LoadAccount[]; count: number },
): Promise<number> => {
  const job: LimitJob = {
    url: xUrl,
    inFlight: IN_FLIGHT,
    warmUp: postsOf(`${name} warm-up`, accounts, WARM_UP),
    posts: postsOf(name, accounts, count),
  }
  const loop = join(import.meta.dirname, 'limit-loop.ts')
  const flags = ['run', '--quiet', '--no-prompt', '--no-check', '--no-config', '--allow-net', loop]
  const child = spawn(denoBinary(), flags, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(job))
  const result = JSON.parse(await text(child.stdout)) as LimitResult
  if (result.accepted !== count) {
    throw new Error(`the limit loop had ${result.accepted} of ${count} posts accepted`)
  }
  return (count / result.ms) * 1000
}
