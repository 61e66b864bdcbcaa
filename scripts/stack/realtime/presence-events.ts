import { type Channel, keyOf, PREFIX, push, shutDown } from './channel.ts'
import type { Message } from './frames.ts'
import { fanOutPresence, type Hub } from './hub.ts'
import { pushPresenceState } from './join-channel.ts'

const MAX_CALLS = 5
const WINDOW_MS = 30_000

const reply = (channel: Channel, frame: Message, status: 'ok' | 'error', response: object = {}) =>
  push(channel, 'phx_reply', { status, response }, frame.ref)

const exceedsLimit = (channel: Channel, now: number) => {
  const calls = channel.presenceCalls
  if (now > calls.resetsAt) channel.presenceCalls = { count: 1, resetsAt: now + WINDOW_MS }
  else calls.count += 1
  return channel.presenceCalls.count > MAX_CALLS
}

const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const track = (hub: Hub, channel: Channel, frame: Message, payload: unknown) => {
  if (!channel.permissions.presence.write) return reply(channel, frame, 'error')
  if (!isRecord(payload)) {
    const reason = 'Presence track payload must be a map'
    return reply(channel, frame, 'error', { reason })
  }
  const key = keyOf(channel)
  const diff = hub.presence.track(key, channel, channel.config.presenceKey, payload)
  reply(channel, frame, 'ok')
  fanOutPresence(hub, key, PREFIX + channel.topic, diff)
  if (channel.presenceEnabled) return
  channel.presenceEnabled = true
  pushPresenceState(hub, channel)
}

const untrack = (hub: Hub, channel: Channel, frame: Message) => {
  const diff = hub.presence.untrack(keyOf(channel), channel)
  reply(channel, frame, 'ok')
  if (diff) fanOutPresence(hub, keyOf(channel), PREFIX + channel.topic, diff)
}

/** Handles `track` and `untrack`, at most five calls in 30 seconds as on hosted. */
export const handlePresence = (hub: Hub, channel: Channel, frame: Message) => {
  if (exceedsLimit(channel, performance.now())) {
    return shutDown(hub, channel, 'Client presence rate limit exceeded')
  }
  const { event, payload = {} } = (frame.payload ?? {}) as { event?: unknown; payload?: unknown }
  const name = typeof event === 'string' ? event.toLowerCase() : ''
  if (name === 'track') return track(hub, channel, frame, payload)
  if (name === 'untrack') return untrack(hub, channel, frame)
  return reply(channel, frame, 'error')
}
