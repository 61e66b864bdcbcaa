import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import { anchorClock, type DatabaseClock } from '../publishing/database-clock.ts'
import { retry } from '../worker/retry.ts'
import type { Collection, CollectionClaim, Release } from './collection.ts'
import { readAccount } from './read-account.ts'

type Need = Pick<
  Deps,
  'env' | 'now' | 'monotonic' | 'sleep' | 'ending' | 'deadline' | 'randomUUID' | 'service' | 'log'
>

/** Accounts of one claim, all asked at once: publishing keeps the rest of the machine. */
const ACCOUNTS = 10

/**
 * Claims accounts whose metrics are due, reads and saves them. Returns how many accounts it
 * claimed; 0 means that nothing is due.
 */
export const collectMetrics = async (deps: Need, network: Network): Promise<number> => {
  const claimId = deps.randomUUID()
  const claim = await retry(
    deps,
    () =>
      deps.service<CollectionClaim>('claim_collections', {
        p_claim_id: claimId,
        p_limit: ACCOUNTS,
      }),
    { forMs: 10_000 },
  )
  const clock = anchorClock(new Date(claim.now), deps.monotonic(), deps.monotonic)
  await Promise.all(
    claim.accounts.map((account) => collectAccount(deps, network, clock, claimId, account)),
  )
  return claim.accounts.length
}

const collectAccount = async (
  deps: Need,
  network: Network,
  clock: DatabaseClock,
  claimId: string,
  account: Collection,
) => {
  const { readings, release } = await readAccount(deps, network, account, clock.now).catch(
    (error: unknown) => ({ readings: [], release: setAside(account, clock.now(), error) }),
  )
  deps.log({
    level: release.detail ? 'warn' : 'info',
    message: release.detail ? 'metrics not read' : 'metrics read',
    account_id: account.account_id,
    segments: account.segments.length,
    missing: readings.filter(({ outcome }) => outcome === 'missing').length,
    detail: release.detail,
    blocked_until: release.blocked_until,
  })
  const args = { p_readings: readings, p_claim_id: claimId, p_released: [release] }
  await retry(deps, () => deps.service('save_metrics', args), { forMs: 30_000 })
}

/** An account that cannot be read at all must not be claimed again at once. */
const setAside = (account: Collection, now: Date, error: unknown): Release => ({
  account_id: account.account_id,
  scope: 'account',
  blocked_until: new Date(now.getTime() + 60_000).toISOString(),
  detail: String(error),
})
