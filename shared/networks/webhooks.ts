/** A subscription as the network has it. */
export type AtNetwork = { subscription_id: string; event_type: string; remote_user_id: string }

/**
 * What the deployment has a network tell it. Unlike `Network`, methods throw what the network
 * refuses: whoever calls tries again later and shows the words to an operator.
 */
export type Webhooks = {
  /** The setting without which nothing can be done, null when all are there. */
  missing: string | null
  /** What is wanted of each account, the most important first. */
  eventTypes: string[]
  /** Sees to it that our address is registered and believed in. Returns its id. */
  ensure(): Promise<string>
  list(webhookId: string): Promise<AtNetwork[]>
  /** Whether a type is told only with the account's own token. */
  needsToken(eventType: string): boolean
  /** `accessToken` null: as the app. Returns the subscription's id. */
  subscribe(
    webhookId: string,
    wanted: { event_type: string; remote_user_id: string },
    accessToken: string | null,
  ): Promise<string>
  /** One that is gone counts as removed. */
  unsubscribe(subscriptionId: string): Promise<void>
  /** Has a missed window sent again; until when, or null while the network does not do that yet. */
  replay(webhookId: string, from: Date, until: Date): Promise<Date | null>
}
