// Usage: npm run sim -- --seeds N [--from S]   plays N seeds from S on (fresh ones without it) in two processes
//        npm run sim -- --seed S               plays one and prints its trace
// Ends with 1 when a seed fails, or when many of them took longer than they may (docs/benches.md).
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startScratchPostgres } from '../../scripts/scratch-postgres.ts'
import { explain, openPlayer } from './play-seeds.ts'
import type { Played } from './player.ts'

const PROCESSES = 2
/** 10,000 seeds in half an hour. Fewer than a thousand say little of it. */
const LEAST_SEEDS_PER_S = 10_000 / 1_800
const SEEDS_THAT_TELL = 1_000

const { values } = parseArgs({
  options: { seeds: { type: 'string' }, seed: { type: 'string' }, from: { type: 'string' } },
})

const both = ['seeds', 'from'].filter((name) => name in values)
if (values.seed !== undefined && both.length > 0) {
  console.error(
    `--seed plays one seed; with --${both.join(' and --')} say where to begin: --seeds N --from S`,
  )
  process.exit(2)
}

type Server = { adminUrl: string; template: string }

const playOne = async ({ adminUrl, template }: Server, seed: number): Promise<number> => {
  const player = await openPlayer(adminUrl, template)
  const outcome = await player.play(seed)
  console.log(outcome.trace.join('\n'))
  console.log(outcome.violation ? `seed ${seed}: ${outcome.violation}` : `seed ${seed} holds`)
  console.log(`trace ${outcome.hash}`)
  await player.close()
  return outcome.violation ? 1 : 0
}

const playPart = async ({ adminUrl, template }: Server, part: number, from: number, to: number) => {
  const args = [adminUrl, template, String(from + part), String(to), String(PROCESSES)]
  const child = fork(join(import.meta.dirname, 'player.ts'), args)
  const total = { seeds: 0, failed: 0, steps: 0, accepted: 0 }
  child.on('message', (outcome: Played) => {
    total.seeds += 1
    total.steps += outcome.steps
    total.accepted += outcome.accepted
    if (!outcome.violation) return
    total.failed += 1
    console.log(explain(outcome))
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`A player ended with code ${code}`)
  return total
}

const playMany = async (server: Server, from: number, count: number): Promise<number> => {
  console.log(`seeds ${from} to ${from + count - 1}`)
  const started = performance.now()
  const parts = await Promise.all(
    Array.from({ length: PROCESSES }, (_, part) => playPart(server, part, from, from + count)),
  )
  const seconds = (performance.now() - started) / 1000
  const sum = (key: 'seeds' | 'failed' | 'steps' | 'accepted') =>
    parts.reduce((total, part) => total + part[key], 0)
  console.log(
    JSON.stringify({
      sim: 'publish and deliver',
      seeds: sum('seeds'),
      failed: sum('failed'),
      seconds: Math.round(seconds),
      seeds_per_s: Number((count / seconds).toFixed(2)),
      calls_per_seed: Math.round(sum('steps') / count),
      accepted_per_seed: Number((sum('accepted') / count).toFixed(1)),
    }),
  )
  const isSlow = count >= SEEDS_THAT_TELL && count / seconds < LEAST_SEEDS_PER_S
  if (isSlow) {
    console.error(
      `slower than ${LEAST_SEEDS_PER_S.toFixed(2)} seeds/s: 10,000 take more than half an hour`,
    )
  }
  return sum('failed') + (isSlow ? 1 : 0)
}

const server = await startScratchPostgres()
try {
  const fresh = Math.floor(Math.random() * 1_000_000_000)
  const failed = values.seed
    ? await playOne(server, Number(values.seed))
    : await playMany(server, Number(values.from ?? fresh), Number(values.seeds ?? 100))
  process.exitCode = failed > 0 ? 1 : 0
} finally {
  await server.stop()
}
