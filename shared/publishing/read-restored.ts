import { accessToken } from '../accounts/access-token.ts'
import type { TokenHolder } from '../accounts/token-holder.ts'
import type { Deps } from '../deps.ts'
import type { Network, TimelineItem } from '../networks/network.ts'
import { retry } from '../worker/retry.ts'
import { type Compared, compareUnsent, type UnsentPost } from './compare-unsent.ts'
import { CLOCK_SKEW_MS } from './find-attempt.ts'
import { type OpenLook, withoutOwned } from './judge-looks.ts'

type Need = Pick<
  Deps,
  'env' | 'now' | 'monotonic' | 'sleep' | 'ending' | 'deadline' | 'randomUUID' | 'service' | 'log'
>

type Restored = Omit<TokenHolder, 'encrypted_tokens'> & {
  encrypted_tokens: string | null
  look_id: string
  remote_user_id: string
  since: string
}

/** complete: read to the end. rejected: the network said 401. unreadable: no token may be used. */
type Outcome = 'complete' | 'incomplete' | 'rejected' | 'unreadable'

const ROUND = 20
/** Shorter than the lease of such a look, two minutes. */
const TIMELINE_TIMEOUT_MS = 90_000
const PAGE = 200

/**
 * After a restore: compares what this past calls unsent with what the accounts have had on the
 * network since, and reports what it saw. Returns how many accounts it looked at.
 */
export const readRestored = async (deps: Need, network: Network): Promise<number> => {
  const accounts = await deps.service<Restored[]>('claim_restored_accounts', { p_limit: ROUND })
  await Promise.all(accounts.map((account) => settleAccount(deps, network, account)))
  return accounts.length
}

/** One account's trouble is no other's: whatever fails here is tried again. */
const settleAccount = async (deps: Need, network: Network, account: Restored) => {
  const { account_id, look_id } = account
  try {
    const { outcome, finds, disputed, readIds } = await readAccount(deps, network, account)
    const report = () =>
      deps.service('settle_restored_account', {
        p_account_id: account_id,
        p_look_id: look_id,
        p_outcome: outcome,
        p_finds: finds,
        p_disputed: disputed,
        p_read_ids: readIds,
      })
    await retry(deps, report, { forMs: 20_000 })
    deps.log({ message: 'restored account read', account_id, outcome, adopted: finds.length })
  } catch (error) {
    deps.log({
      level: 'warn',
      message: 'restored account not read',
      account_id,
      error: String(error),
    })
  }
}

type Reading = Compared & { outcome: Outcome; readIds: string[] }

const nothing = (outcome: Outcome): Reading => ({ outcome, finds: [], disputed: [], readIds: [] })

const readAccount = async (deps: Need, network: Network, account: Restored): Promise<Reading> => {
  const { encrypted_tokens } = account
  if (!encrypted_tokens) return nothing('unreadable')
  const token = await accessToken(deps, network, { ...account, encrypted_tokens })
  if (token.kind !== 'token') {
    const isOver = new Date(account.tokens_expire_at) <= deps.now()
    return nothing(isOver ? 'unreadable' : 'incomplete')
  }
  const since = new Date(account.since)
  const answer = await network.timeline(
    token.accessToken,
    {
      remoteUserId: account.remote_user_id,
      since: new Date(since.getTime() - CLOCK_SKEW_MS),
    },
    { signal: deps.deadline(TIMELINE_TIMEOUT_MS) },
  )
  if (answer.kind !== 'timeline') {
    return nothing(answer.kind === 'reauth' ? 'rejected' : 'incomplete')
  }
  const compared = await compareAccount(deps, network, account, answer.items, since)
  const readIds = answer.items.map(({ remoteId }) => remoteId)
  return { ...compared, outcome: answer.complete ? 'complete' : 'incomplete', readIds }
}

/** Page by page: an account may have thousands of posts scheduled, and few of them are on X. */
const compareAccount = async (
  deps: Need,
  { name, match }: Network,
  { account_id, remote_user_id }: Restored,
  items: TimelineItem[],
  since: Date,
): Promise<Compared> => {
  const { looks } = await deps.service<{ looks: OpenLook[] }>('list_open_looks', {
    p_remote_user_id: remote_user_id,
    p_network: name,
  })
  const free = await withoutOwned(deps, items)
  const alike: UnsentPost[] = []
  let after: string | null = null
  for (;;) {
    const page: UnsentPost[] = await deps.service<UnsentPost[]>('list_unsent_posts', {
      p_account_id: account_id,
      p_after: after,
      p_limit: PAGE,
    })
    alike.push(...page.filter((post) => looksLike(post, free, since, match)))
    after = page.at(-1)?.post_id ?? null
    if (page.length < PAGE) break
  }
  return compareUnsent(alike, free, since, match, looks)
}

const looksLike = (
  post: UnsentPost,
  items: TimelineItem[],
  since: Date,
  match: Network['match'],
): boolean => {
  const { finds, disputed } = compareUnsent([post], items, since, match)
  return finds.length + disputed.length > 0
}
