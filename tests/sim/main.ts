// Usage: npm run sim -- --seeds N [--seed S] — plays seeds of the simulation; --seed S plays one and prints its trace.
import { parseArgs } from 'node:util'
import { startScratchPostgres } from '../../scripts/scratch-postgres.ts'
import { prepareSimDatabase } from './database/prepare.ts'
import { openSession } from './database/session.ts'
import { planOf } from './plan.ts'
import { watchCrypto } from './quiesce.ts'
import { runSeed } from './run-seed.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    seed: { type: 'string' },
    times: { type: 'boolean' },
    from: { type: 'string', default: '1' },
  },
})
watchCrypto()
const postgres = await startScratchPostgres()
try {
  const database = await prepareSimDatabase(postgres.adminUrl, postgres.template)
  const session = await openSession(database.url)
  const started = performance.now()
  let failed = 0
  const first = Number(values.seed ?? values.from)
  const count = values.seed ? 1 : Number(values.seeds)
  let steps = 0
  let accepted = 0
  for (let seed = first; seed < first + count; seed += 1) {
    const at = performance.now()
    const outcome = await runSeed(seed, planOf(seed), database, session)
    steps += outcome.steps
    if (values.times) console.log(seed, outcome.steps, (performance.now() - at).toFixed(0))
    accepted += outcome.accepted
    if (values.seed) console.log(outcome.trace.join('\n'))
    if (outcome.violation) {
      failed += 1
      console.log(`seed ${seed}: ${outcome.violation}`)
    }
    if (values.seed) console.log(JSON.stringify(planOf(seed)), outcome.hash)
  }
  const seconds = (performance.now() - started) / 1000
  console.log(
    `${count} seeds, ${failed} failed, ${(count / seconds).toFixed(1)}/s, ${(steps / count).toFixed(0)} steps and ${(accepted / count).toFixed(1)} accepted a seed`,
  )
  await session.close()
} finally {
  await postgres.stop()
}
