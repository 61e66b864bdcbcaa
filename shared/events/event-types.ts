/** Every type of event, and what it says. Types are only ever added. */
export const eventTypes = {
  'app.created': 'An X app of a workspace was registered.',
  'app.changed': 'The name, the secret or the cap of an X app was changed.',
  'app.deleted': 'An X app was deleted, with its secret.',
  'app.blocked': 'X lets an app send nothing now; data says why. Its posts wait.',
  'app.unblocked': 'X takes posts of an app again.',
  'account.connected': 'An account was connected, or connected again.',
  'account.disconnected': 'An account was disconnected; its tokens are destroyed.',
  'account.paused':
    'The network suspended or locked an account: its posts wait until it is resumed.',
  'account.needs_reauth': 'The network refuses the account: somebody has to connect it again.',
  'account.updated': 'What an account may do, or whether it is paused, has changed.',
  'workspace.paused': 'Members stopped publishing of a workspace.',
  'workspace.resumed': 'Members let a workspace publish again.',
  'workspace.suspended': 'The operator stopped a workspace; data.suspended_reason says why.',
  'workspace.unsuspended': 'The operator lifted the stop of a workspace.',
  'workspace.tier_changed':
    'What the owner of a workspace has subscribed to, and with it its limits.',
  'mention.received': 'Somebody mentioned an account on the network; data is what they wrote.',
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
  'post.deleted': 'No segment of a post is on the network any more: unpublished, or deleted there.',
  'post.segment_deleted':
    'A segment of a thread was deleted on the network; others are still there.',
  'post.unpublish_failed': 'The network will not delete a segment; data.failure says why.',
  'budget.changed': 'The monthly limit of a workspace was set.',
  'budget.exhausted': 'More is held and spent than the limit allows; nothing is sent.',
  'budget.restored': 'The budget allows sending again.',
  'metrics.updated': 'New metrics of posts were rolled up.',
  'endpoint.disabled': 'A webhook endpoint gets nothing any more; data.reason says why.',
  'webhook.test': 'Somebody tests a webhook endpoint. Goes to that endpoint alone.',
} as const satisfies Record<string, string>

export type EventType = keyof typeof eventTypes

export const eventTypeNames = Object.keys(eventTypes) as [EventType, ...EventType[]]
