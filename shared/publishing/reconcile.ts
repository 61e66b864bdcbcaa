import { accessToken } from '../accounts/access-token.ts'
import type { TokenHolder } from '../accounts/token-holder.ts'
import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import { CLOCK_SKEW_MS, findAttempt, type Look } from './find-attempt.ts'

type AccountLook = Look & TokenHolder & { remote_user_id: string }

type Verdict = Pick<Look, 'post_id' | 'position' | 'number'> & {
  verdict: 'found' | 'absent' | 'no_evidence'
  remote_id?: string
  sent_at?: string
}

type Need = Pick<Deps, 'env' | 'now' | 'monotonic' | 'sleep' | 'randomUUID' | 'service' | 'log'>

/**
 * Looks for unknown attempts in their accounts' own timelines and reports what it saw. Only a
 * complete timeline proves absence; a refusal of any kind is no evidence. Returns how many it
 * looked for.
 */
export const reconcile = async (deps: Need, network: Network): Promise<number> => {
  const { looks } = await deps.service<{ looks: AccountLook[] }>('claim_looks')
  const accounts = Map.groupBy(looks, (look) => look.account_id)
  await Promise.all(
    [...accounts.values()].map(async (ofAccount) => {
      const verdicts = await lookAtAccount(deps, network, ofAccount)
      await deps.service('settle_looks', { p_verdicts: verdicts })
    }),
  )
  return looks.length
}

const lookAtAccount = async (
  deps: Need,
  network: Network,
  looks: AccountLook[],
): Promise<Verdict[]> => {
  const [account] = looks
  if (!account) return []
  const token = await accessToken(deps, network, account)
  if (token.kind !== 'token') return looks.map((look) => verdict(look, 'no_evidence'))

  const oldest = Math.min(...looks.map((look) => new Date(look.sending_at).getTime()))
  const answer = await network.timeline(token.accessToken, {
    remoteUserId: account.remote_user_id,
    since: new Date(oldest - CLOCK_SKEW_MS),
  })
  if (answer.kind !== 'timeline') {
    deps.log({
      level: 'warn',
      message: 'look without evidence',
      account_id: account.account_id,
      slug: answer.slug,
    })
    if (answer.kind === 'reauth') await accessToken(deps, network, token.holder, true)
    return looks.map((look) => verdict(look, 'no_evidence'))
  }
  return looks.map((look) => {
    const found = findAttempt(look, answer.items, network.sameText)
    if (!found) return verdict(look, answer.complete ? 'absent' : 'no_evidence')
    return {
      ...verdict(look, 'found'),
      remote_id: found.remoteId,
      sent_at: found.createdAt.toISOString(),
    }
  })
}

const verdict = (look: AccountLook, kind: Verdict['verdict']): Verdict => ({
  post_id: look.post_id,
  position: look.position,
  number: look.number,
  verdict: kind,
})
