// One process of `npm run sim`: plays every n-th seed and tells its parent of each.
import { openPlayer } from './play-seeds.ts'
import type { Outcome } from './run-seed.ts'

export type Played = Outcome

const [adminUrl = '', template = '', first, end, step] = process.argv.slice(2)
const player = await openPlayer(adminUrl, template)
for (let seed = Number(first); seed < Number(end); seed += Number(step)) {
  const outcome = await player.play(seed)
  process.send?.({ ...outcome, trace: outcome.violation ? outcome.trace : [] })
}
await player.close()
process.disconnect?.()
