import { logFailure } from '../worker/log-failure.ts'
import type { Lane } from './batches.ts'
import { type Isolate, planLane } from './cpu-plan.ts'
import { recordRates, watchRates } from './record-rates.ts'
import { type LaneTools, runLane } from './run-lane.ts'

type Need = Parameters<typeof runLane>[0]

/** Runs a lane as part of the isolate's plan and keeps what X said of its rates. Never rejects: a lane that fails is given back. */
export const runPlannedLane = async (
  deps: Need,
  isolate: Isolate,
  lane: Lane,
  tools: Omit<LaneTools, 'spend'>,
): Promise<void> => {
  const { spend, finish } = planLane(isolate, lane.jobs.length)
  const { network, tight } = watchRates(tools.network, deps.now)
  try {
    await runLane(deps, lane, { ...tools, network, spend })
    await recordRates(deps, lane.account_id, tight())
  } catch (error) {
    const { account_id } = lane
    deps.log({ level: 'error', message: 'lane failed', account_id, error: String(error) })
    const done = { account_id, claim_id: tools.claimId, is_skipped: true }
    await tools.advance({ done }).catch(logFailure(deps, 'release failed'))
  }
  finish()
}
