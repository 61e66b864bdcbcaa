import type { Permissions } from './authorize.ts'
import { encodeMessage } from './encode-frames.ts'
import type { Vsn } from './frames.ts'
import { fanOutPresence, type Hub } from './hub.ts'
import type { JoinConfig } from './join-payload.ts'
import { topicKey } from './topics.ts'

/** A channel's way to its client. */
export type Link = {
  vsn: Vsn
  apiKey: string
  write(frame: string | Uint8Array): void
  /** Called once when the server ends a channel of its own accord. */
  ended(channel: Channel): void
}

/** One client joined to one topic. */
export type Channel = {
  link: Link
  topic: string
  joinRef: string | null
  config: JoinConfig
  token: string
  permissions: Permissions
  presenceEnabled: boolean
  presenceCalls: { count: number; resetsAt: number }
  expiry: NodeJS.Timeout | undefined
  /** True once the channel is off its topic: nothing may be started for it any more. */
  hasLeft: boolean
}

export const PREFIX = 'realtime:'

/** Sends an event of a channel to its client. */
export const push = (
  channel: Channel,
  event: string,
  payload: unknown,
  ref: string | null = null,
) => {
  const { link, joinRef } = channel
  const topic = PREFIX + channel.topic
  link.write(encodeMessage(link.vsn, { joinRef, ref, topic, event, payload }))
}

/** The topic's name in the registries. */
export const keyOf = (channel: Channel) => topicKey(channel.topic, channel.config.isPrivate)

/** Tells a client that something failed. */
export const pushSystem = (channel: Channel, extension: string, message: string) =>
  push(channel, 'system', { extension, status: 'error', message, channel: channel.topic })

/** Takes a channel off its topic without telling its client. */
export const detach = (hub: Hub, channel: Channel) => {
  channel.hasLeft = true
  clearTimeout(channel.expiry)
  hub.topics.remove(keyOf(channel), channel)
  const diff = hub.presence.untrack(keyOf(channel), channel)
  if (diff) fanOutPresence(hub, keyOf(channel), PREFIX + channel.topic, diff)
}

/** Ends a channel with hosted's two messages: why, and that it is closed. */
export const shutDown = (hub: Hub, channel: Channel, message: string) => {
  if (channel.hasLeft) return
  detach(hub, channel)
  pushSystem(channel, 'system', message)
  push(channel, 'phx_close', {}, channel.joinRef)
  channel.link.ended(channel)
}
