import { accessToken } from '../accounts/access-token.ts'
import type { TokenHolder } from '../accounts/token-holder.ts'
import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import type { AtNetwork, Webhooks } from '../networks/webhooks.ts'

type Need = Pick<
  Deps,
  'env' | 'now' | 'monotonic' | 'sleep' | 'ending' | 'deadline' | 'randomUUID' | 'service' | 'log'
>

type Check = { due: boolean; missed_from: string | null; missed_until: string | null }

type Wanted = Omit<AtNetwork, 'subscription_id'> & {
  account_id: string
  is_wanted: boolean
  subscription_id: string | null
} & { [K in keyof Omit<TokenHolder, 'account_id'>]: TokenHolder[K] | null }

type Claim = { webhook_id: string | null; subscriptions: Wanted[] }

/**
 * Makes the network tell us what is wanted: looks after the webhook when that is due, has it replay
 * what was missed, then makes and deletes subscriptions. Returns how many it changed.
 */
export const keepSubscribed = async (
  deps: Need,
  network: Pick<Network, 'refresh'>,
  webhooks: Webhooks,
): Promise<number> => {
  const { missing, eventTypes } = webhooks
  if (missing) {
    await deps.service('park_subscriptions', { p_reason: `${missing} is not set` })
    return 0
  }
  const types = { p_event_types: eventTypes }
  const check = await deps.service<Check>('claim_webhook_check', types)
  if (check.due) await lookAfter(deps, webhooks, check)
  let changed = 0
  for (;;) {
    const claim = await deps.service<Claim>('claim_subscriptions', types)
    const { webhook_id, subscriptions } = claim
    if (webhook_id === null || subscriptions.length === 0) return changed
    for (const each of subscriptions) await change(deps, network, webhooks, webhook_id, each)
    changed += subscriptions.length
  }
}

const lookAfter = async (deps: Need, webhooks: Webhooks, check: Check): Promise<void> => {
  const saved = { p_event_types: webhooks.eventTypes }
  try {
    const id = await webhooks.ensure()
    const { missed_from, missed_until } = check
    const replayed =
      missed_from && missed_until
        ? await webhooks.replay(id, new Date(missed_from), new Date(missed_until))
        : null
    await deps.service('save_webhook_check', {
      ...saved,
      p_webhook_id: id,
      p_at_x: await webhooks.list(id),
      p_replayed_until: replayed?.toISOString() ?? null,
    })
  } catch (error) {
    deps.log({ level: 'error', message: 'webhook check failed', error: String(error) })
    await deps.service('save_webhook_check', {
      ...saved,
      p_webhook_id: null,
      p_at_x: [],
      p_replayed_until: null,
      p_error: String(error),
    })
  }
}

const change = async (
  deps: Need,
  network: Pick<Network, 'refresh'>,
  webhooks: Webhooks,
  webhookId: string,
  wanted: Wanted,
): Promise<void> => {
  const { account_id: p_account_id, event_type: p_event_type, subscription_id } = wanted
  const settle = (p_subscription_id: string | null, p_error: string | null = null) =>
    deps.service('settle_subscription', { p_account_id, p_event_type, p_subscription_id, p_error })
  try {
    if (!wanted.is_wanted) {
      if (subscription_id !== null) await webhooks.unsubscribe(subscription_id)
      await settle(null)
      return
    }
    const token = webhooks.needsToken(p_event_type) ? await tokenOf(deps, network, wanted) : null
    await settle(await webhooks.subscribe(webhookId, wanted, token))
  } catch (error) {
    await settle(subscription_id, String(error))
  }
}

const tokenOf = async (
  deps: Need,
  network: Pick<Network, 'refresh'>,
  wanted: Wanted,
): Promise<string> => {
  if (wanted.encrypted_tokens === null) throw new Error('the account has no tokens')
  const token = await accessToken(deps, network, wanted as TokenHolder)
  if (token.kind !== 'token') throw new Error(token.detail)
  return token.accessToken
}
