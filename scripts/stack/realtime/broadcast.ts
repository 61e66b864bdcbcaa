import { type Channel, push } from './channel.ts'
import type { Broadcast, Frame } from './frames.ts'
import { fanOut, type Hub } from './hub.ts'

const fromPayload = (payload: unknown): Broadcast | null => {
  const { event, payload: body = {} } = (payload ?? {}) as { event?: unknown; payload?: unknown }
  return typeof event === 'string' ? { event, json: JSON.stringify(body) } : null
}

const toBroadcast = (frame: Frame): Broadcast | null =>
  frame.kind === 'broadcast'
    ? { event: frame.event, encoding: frame.encoding, body: frame.body }
    : fromPayload(frame.payload)

/**
 * Passes a client's broadcast on. Without the right to write it vanishes, as on hosted; one that is
 * to be stored is refused.
 */
export const handleBroadcast = (hub: Hub, channel: Channel, frame: Frame) => {
  const broadcast = toBroadcast(frame)
  if (!broadcast || !channel.permissions.broadcast.write) return
  if (frame.kind === 'broadcast' && frame.persist) {
    const response = { error: 'This Realtime stores no messages of clients' }
    return push(channel, 'phx_reply', { status: 'error', response }, frame.ref)
  }
  const { topic, config } = channel
  const to = { topic, isPrivate: config.isPrivate }
  fanOut(hub, config.self ? to : { ...to, except: channel }, broadcast)
  if (config.ack) push(channel, 'phx_reply', { status: 'ok', response: {} }, frame.ref)
}
