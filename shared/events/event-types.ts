/** Every type of event, and what it says. Types are only ever added. */
export const eventTypes = {
  'account.connected': 'An account was connected, or connected again.',
  'account.disconnected': 'An account was disconnected; its tokens are destroyed.',
  'account.needs_reauth': 'The network refuses the account: somebody has to connect it again.',
  'post.created': 'A post was written.',
  'post.updated': 'A post was changed before it was sent.',
  'post.scheduled': 'A post got a time, or is tried again later.',
  'post.unscheduled': 'A post lost its time and is a draft again.',
  'post.canceled': 'A post will not be sent.',
  'post.published': 'Every segment of a post is on the network.',
  'post.failed': 'The network refused a post for good.',
  'post.held': 'A post waits for a person.',
  'post.missed': 'A post passed its time and will not be sent.',
  'post.unconfirmed': 'Nobody knows yet whether the network has the post; it is being looked for.',
  'post.partially_published': 'A thread stopped after some of its segments.',
  'metrics.updated': 'New metrics of posts were rolled up.',
  'endpoint.disabled': 'A webhook endpoint gets nothing any more; data.reason says why.',
  'webhook.test': 'Somebody tests a webhook endpoint. Goes to that endpoint alone.',
} as const satisfies Record<string, string>

export type EventType = keyof typeof eventTypes

export const eventTypeNames = Object.keys(eventTypes) as [EventType, ...EventType[]]
