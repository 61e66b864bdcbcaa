import { accessToken } from '../accounts/access-token.ts'
import type { TokenHolder } from '../accounts/token-holder.ts'
import type { Deps } from '../deps.ts'
import type { Network, PostMetrics, RateWindow } from '../networks/network.ts'
import type { Failure } from '../networks/outcome.ts'
import { tightWindows } from '../networks/tight-windows.ts'
import { blockAfter } from './block-after.ts'
import type { Collection, Reading, Release } from './collection.ts'
import { readingOf } from './reading-of.ts'

type Need = Pick<
  Deps,
  'env' | 'now' | 'monotonic' | 'sleep' | 'ending' | 'deadline' | 'randomUUID' | 'service'
>
type Asked =
  | { kind: 'metrics'; posts: PostMetrics[]; rates: RateWindow[] }
  | Failure
  | { kind: 'later'; detail: string }

/** Half of a claim's lease, so that a slow answer can still be saved under it. */
const TIMEOUT_MS = 20_000
const NO_TOKEN_MS = 15 * 60_000

export type Read = { readings: Reading[]; release: Release }

/** Reads the due metrics of one account. Failures become a release that leaves it alone for a while. */
export const readAccount = async (
  deps: Need,
  network: Network,
  account: Collection,
  now: () => Date,
): Promise<Read> => {
  const asked = await ask(deps, network, account)
  if (asked.kind === 'metrics') {
    const byId = new Map(asked.posts.map((post) => [post.remoteId, post]))
    const timestamp = now()
    const readings = account.segments.map((segment) =>
      readingOf(segment, byId.get(segment.remote_id), timestamp),
    )
    return { readings, release: { ...releaseOf(account, null), ...rest(asked.rates, timestamp) } }
  }
  if (asked.kind === 'later') {
    const until = new Date(now().getTime() + NO_TOKEN_MS)
    return {
      readings: [],
      release: releaseOf(account, { scope: 'account', until, detail: asked.detail }),
    }
  }
  return { readings: [], release: releaseOf(account, blockAfter(asked, now())) }
}

/** The last tenth of a window is left to others: people, and the search for unknown outcomes. */
const rest = (rates: RateWindow[], now: Date): Partial<Release> => {
  const ends = tightWindows(rates, now).map(({ resetAt }) => resetAt.getTime())
  return ends.length === 0 ? {} : { blocked_until: new Date(Math.max(...ends)).toISOString() }
}

const releaseOf = (account: Collection, block: ReturnType<typeof blockAfter> | null): Release => ({
  account_id: account.account_id,
  scope: block?.scope ?? 'account',
  blocked_until: block?.until.toISOString() ?? null,
  detail: block?.detail ?? null,
})

/** A 401 is believed only after one refresh. */
const ask = async (deps: Need, network: Network, account: Collection): Promise<Asked> => {
  const first = await askWith(deps, network, account, account, false)
  if (first.asked.kind !== 'reauth' || !first.holder) return first.asked
  return (await askWith(deps, network, account, first.holder, true)).asked
}

const askWith = async (
  deps: Need,
  network: Network,
  account: Collection,
  holder: TokenHolder,
  rejected: boolean,
): Promise<{ asked: Asked; holder?: TokenHolder }> => {
  const token = await accessToken(deps, network, holder, rejected)
  if (token.kind !== 'token') return { asked: { kind: 'later', detail: token.detail } }
  const remoteIds = account.segments.map((segment) => segment.remote_id)
  const signal = deps.deadline(TIMEOUT_MS)
  return {
    asked: await network.metrics(token.accessToken, remoteIds, { signal }),
    holder: token.holder,
  }
}
