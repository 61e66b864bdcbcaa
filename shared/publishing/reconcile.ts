import { accessToken } from '../accounts/access-token.ts'
import type { TokenHolder } from '../accounts/token-holder.ts'
import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import { mayTakeMore } from '../worker/life.ts'
import { retry } from '../worker/retry.ts'
import { type Isolate, plannedCpuMs } from './cpu-plan.ts'
import { CLOCK_SKEW_MS } from './find-attempt.ts'
import {
  judgeLooks,
  type OpenLook,
  type Seen,
  type Unread,
  withoutEvidence,
} from './judge-looks.ts'

type AccountLook = OpenLook & TokenHolder & { remote_user_id: string }

type Need = Pick<
  Deps,
  'env' | 'now' | 'monotonic' | 'sleep' | 'ending' | 'deadline' | 'randomUUID' | 'service' | 'log'
>

const ROUND = 50
/** Per ring, so that posts get their part of the isolate; the tick rings again. */
const MOST_ROUNDS = 4
/** As bench:publish saw it after a kill. */
const CPU_MS_PER_LOOK = 1.5
/** Shorter than the lease of a look, 60 s. */
const TIMELINE_TIMEOUT_MS = 30_000

/**
 * Looks for unknown attempts in their accounts' own timelines and reports what it saw. Only a
 * complete timeline proves absence; a refusal of any kind is no evidence. A second round is begun
 * only while half of the isolate's CPU is not planned for. Returns how many it looked for.
 */
export const reconcile = async (
  deps: Need,
  network: Network,
  isolate: Isolate,
): Promise<number> => {
  const life = () => ({
    ageMs: deps.monotonic() - isolate.startedAt,
    cpuMs: plannedCpuMs(isolate),
    isEnding: deps.ending.aborted,
  })
  let total = 0
  for (let rounds = 0; rounds < MOST_ROUNDS; rounds += 1) {
    const { looks } = await deps.service<{ looks: AccountLook[] }>('claim_looks', {
      p_limit: ROUND,
    })
    isolate.cpuMs += looks.length * CPU_MS_PER_LOOK
    const accounts = Map.groupBy(looks, (look) => look.account_id)
    await Promise.all([...accounts.values()].map((looks) => settleAccount(deps, network, looks)))
    total += looks.length
    if (looks.length < ROUND || !mayTakeMore(life())) break
  }
  return total
}

/** What of an error of ours people are told. */
const brokenLook: Unread = { slug: 'look-broke', detail: 'The look broke off on our side.' }

/** One account's trouble is no other's: whatever fails here is a look without evidence. */
const settleAccount = async (deps: Need, network: Network, looks: AccountLook[]) => {
  const warn = (slug: string) => {
    const account_id = looks[0]?.account_id
    deps.log({ level: 'warn', message: 'look without evidence', account_id, slug })
  }
  try {
    const seen = await readTimeline(deps, network, looks).catch((error: unknown): Unread => {
      warn(String(error))
      return brokenLook
    })
    if ('slug' in seen && seen !== brokenLook) warn(seen.slug)
    const verdicts =
      'slug' in seen
        ? looks.map((look) => withoutEvidence(look, seen))
        : await judgeLooks(deps, network, looks, seen)
    const readIds = 'slug' in seen ? [] : seen.items.map(({ remoteId }) => remoteId)
    const args = { p_verdicts: verdicts, p_read_ids: readIds }
    const report = () => deps.service('settle_looks', args)
    await retry(deps, report, { forMs: 20_000 })
  } catch (error) {
    warn(String(error))
  }
}

const readTimeline = async (
  deps: Need,
  network: Network,
  looks: AccountLook[],
): Promise<Seen | Unread> => {
  const [account] = looks
  if (!account) return brokenLook
  const token = await accessToken(deps, network, account)
  if (token.kind !== 'token') {
    return { slug: 'token-unusable', detail: token.detail }
  }

  const oldest = Math.min(...looks.map((look) => new Date(look.sending_at).getTime()))
  const answer = await network.timeline(
    token.accessToken,
    { remoteUserId: account.remote_user_id, since: new Date(oldest - CLOCK_SKEW_MS) },
    { signal: deps.deadline(TIMELINE_TIMEOUT_MS) },
  )
  if (answer.kind === 'reauth') await accessToken(deps, network, token.holder, true)
  return answer.kind === 'timeline' ? answer : { slug: answer.slug, detail: answer.detail }
}
