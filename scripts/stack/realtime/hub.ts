import type { Authorize } from './authorize.ts'
import type { Channel } from './channel.ts'
import type { ClaimsReader } from './claims.ts'
import { encodeBroadcast, encodeMessage } from './encode-frames.ts'
import type { Broadcast, Vsn } from './frames.ts'
import type { createPresence, PresenceDiff } from './presence.ts'
import { type createTopics, topicKey } from './topics.ts'

/** What every channel of one server shares. */
export type Hub = {
  topics: ReturnType<typeof createTopics<Channel>>
  presence: ReturnType<typeof createPresence<Channel>>
  readClaims: ClaimsReader
  authorize: Authorize
  allowPublic: boolean
}

/** Hands a broadcast to everyone joined to a topic but the sender, encoded once per protocol. */
export const fanOut = (
  hub: Pick<Hub, 'topics'>,
  to: { topic: string; isPrivate: boolean; except?: Channel },
  broadcast: Broadcast,
) => {
  const encoded = new Map<Vsn, string | Uint8Array | null>()
  for (const channel of hub.topics.of(topicKey(to.topic, to.isPrivate))) {
    if (channel === to.except || !channel.permissions.broadcast.read) continue
    const { vsn } = channel.link
    if (!encoded.has(vsn)) encoded.set(vsn, encodeBroadcast(vsn, `realtime:${to.topic}`, broadcast))
    const frame = encoded.get(vsn)
    if (frame) channel.link.write(frame)
  }
}

/** Tells a topic who came and who left. */
export const fanOutPresence = (
  hub: Pick<Hub, 'topics'>,
  key: string,
  topic: string,
  diff: PresenceDiff,
) => {
  for (const channel of hub.topics.of(key)) {
    if (!channel.presenceEnabled || !channel.permissions.presence.read) continue
    const frame = { joinRef: null, ref: null, topic, event: 'presence_diff', payload: diff }
    channel.link.write(encodeMessage(channel.link.vsn, frame))
  }
}
