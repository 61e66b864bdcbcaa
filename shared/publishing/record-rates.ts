import type { Deps } from '../deps.ts'
import type { Network, RateWindow } from '../networks/network.ts'
import { tightWindows } from '../networks/tight-windows.ts'

type Need = Pick<Deps, 'service' | 'log'>

/**
 * The network as before, and the rate windows its answers to posts called nearly used up: what is
 * plain from our own counts anyway is not kept, so that no ordinary post costs a call.
 */
export const watchRates = (network: Network, now: () => Date) => {
  let tight: RateWindow[] = []
  const publish: Network['publish'] = async (...asked) => {
    const answer = await network.publish(...asked)
    const windows = tightWindows(answer.rates, now())
    if (windows.length > 0) tight = windows
    return answer
  }
  return { network: { ...network, publish }, tight: () => tight }
}

/** Keeps rate windows that are nearly used up for an account's health. Never throws. */
export const recordRates = async (
  deps: Need,
  accountId: string,
  windows: RateWindow[],
): Promise<void> => {
  if (windows.length === 0) return
  const rows = windows.map(({ resetAt, ...window }) => ({
    account_id: accountId,
    endpoint: 'publish',
    ...window,
    resets_at: resetAt.toISOString(),
  }))
  await deps.service('record_rates', { p_windows: rows }).catch((error: unknown) => {
    deps.log({ level: 'warn', message: 'rates not recorded', error: String(error) })
  })
}
