import { permit, tokenFor, watchExpiry } from './access-token.ts'
import { type Channel, keyOf, type Link, PREFIX, push, pushSystem } from './channel.ts'
import type { Claims } from './claims.ts'
import type { Hub } from './hub.ts'
import { type JoinConfig, readJoinPayload } from './join-payload.ts'
import { refusal } from './refusal.ts'

type JoinRequest = { topic: string; joinRef: string | null; ref: string | null; payload: unknown }

const refuseUnsupported = (hub: Hub, topic: string, config: JoinConfig) => {
  if (topic === '') throw refusal('TopicNameRequired', 'You must provide a topic name')
  if (!config.isPrivate && !hub.allowPublic) {
    throw refusal('PrivateOnly', 'This project only allows private channels')
  }
  if (config.wantsReplay) {
    throw refusal('UnableToReplayMessages', 'Realtime was unable to replay messages')
  }
}

/** Decides on a join: a channel and its claims, or a thrown refusal. Nothing is registered yet. */
export const requestJoin = async (hub: Hub, link: Link, request: JoinRequest) => {
  const topic = request.topic.slice(PREFIX.length)
  const config = readJoinPayload(request.payload)
  refuseUnsupported(hub, topic, config)
  const token = tokenFor(config.token, link)
  const claims = await hub.readClaims(token)
  const channel: Channel = {
    link,
    topic,
    joinRef: request.joinRef,
    config,
    token,
    permissions: await permit(hub, config, topic, claims),
    presenceEnabled: config.presenceEnabled,
    presenceCalls: { count: 0, resetsAt: 0 },
    expiry: undefined,
    hasLeft: false,
  }
  return { channel, claims }
}

/** Sends the whole presence state to one client. */
export const pushPresenceState = (hub: Hub, channel: Channel) => {
  if (channel.presenceEnabled && channel.permissions.presence.read) {
    push(channel, 'presence_state', hub.presence.state(keyOf(channel)))
  }
}

/** Answers an accepted join and puts the channel on its topic. */
export const enter = (hub: Hub, channel: Channel, claims: Claims, ref: string | null) => {
  const { postgresChanges } = channel.config
  const bindings = postgresChanges.map((filter, index) => ({ ...filter, id: index + 1 }))
  push(channel, 'phx_reply', { status: 'ok', response: { postgres_changes: bindings } }, ref)
  hub.topics.add(keyOf(channel), channel)
  watchExpiry(hub, channel, claims)
  if (bindings.length > 0) {
    const message = 'postgres_changes is not supported: send from the database with realtime.send'
    pushSystem(channel, 'postgres_changes', message)
  }
  pushPresenceState(hub, channel)
}
