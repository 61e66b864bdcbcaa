import type { WebSocket } from 'ws'
import { refreshToken } from './access-token.ts'
import { handleBroadcast } from './broadcast.ts'
import { type Channel, detach, type Link, push } from './channel.ts'
import { encodeMessage } from './encode-frames.ts'
import { decodeFrame, type Frame, type Message, type Vsn } from './frames.ts'
import type { Hub } from './hub.ts'
import { enter, requestJoin } from './join-channel.ts'
import { handlePresence } from './presence-events.ts'
import { reasonOf, refusal } from './refusal.ts'

const MAX_CHANNELS = 100
const MAX_UNSENT_BYTES = 16 * 1024 * 1024
const IDLE_MS = 60_000

/** One client: the channels it has joined, and what it asked for on each topic, in order. */
type Session = {
  hub: Hub
  link: Link
  channels: Map<string, Channel>
  tails: Map<string, Promise<void>>
  isOpen: boolean
}

const reply = (session: Session, frame: Frame, status: 'ok' | 'error', response: object) => {
  const { joinRef, ref, topic } = frame
  const { vsn } = session.link
  const payload = { status, response }
  session.link.write(encodeMessage(vsn, { joinRef, ref, topic, event: 'phx_reply', payload }))
}

const part = (session: Session, topic: string) => {
  const channel = session.channels.get(topic)
  session.channels.delete(topic)
  if (channel) detach(session.hub, channel)
  return channel
}

const handleJoin = async (session: Session, frame: Message) => {
  const { hub, link, channels } = session
  const previous = part(session, frame.topic)
  if (previous) push(previous, 'phx_close', {}, previous.joinRef)
  try {
    if (channels.size >= MAX_CHANNELS) throw refusal('ChannelRateLimitReached', 'Too many channels')
    const { channel, claims } = await requestJoin(hub, link, frame)
    if (!session.isOpen) return
    channels.set(frame.topic, channel)
    enter(hub, channel, claims, frame.ref)
  } catch (error) {
    reply(session, frame, 'error', { reason: reasonOf(error) })
  }
}

const handleLeave = (session: Session, frame: Message) => {
  const channel = part(session, frame.topic)
  reply(session, frame, 'ok', {})
  if (channel) push(channel, 'phx_close', {}, channel.joinRef)
}

const dispatch = async (session: Session, frame: Frame) => {
  if (frame.kind === 'message' && frame.event === 'phx_join') return handleJoin(session, frame)
  if (frame.kind === 'message' && frame.event === 'phx_leave') return handleLeave(session, frame)
  const channel = session.channels.get(frame.topic)
  if (!channel) return reply(session, frame, 'error', { reason: 'unmatched topic' })
  if (frame.kind === 'broadcast' || frame.event === 'broadcast') {
    return handleBroadcast(session.hub, channel, frame)
  }
  if (frame.event === 'presence') return handlePresence(session.hub, channel, frame)
  if (frame.event === 'access_token') return refreshToken(session.hub, channel, frame.payload)
}

const enqueue = (session: Session, frame: Frame) => {
  const { tails } = session
  const tail = (tails.get(frame.topic) ?? Promise.resolve())
    .then(() => dispatch(session, frame))
    .catch((error) => reply(session, frame, 'error', { reason: reasonOf(error) }))
  tails.set(frame.topic, tail)
  void tail.finally(() => {
    if (tails.get(frame.topic) === tail) tails.delete(frame.topic)
  })
}

const createLink = (socket: WebSocket, vsn: Vsn, apiKey: string, onEnded: Link['ended']): Link => ({
  vsn,
  apiKey,
  write: (frame) => {
    if (socket.bufferedAmount > MAX_UNSENT_BYTES) socket.terminate()
    else if (socket.readyState === socket.OPEN) socket.send(frame)
  },
  ended: onEnded,
})

/** Serves one WebSocket until it closes. A client that stops reading is cut off, nobody waits for it. */
export const serveConnection = (hub: Hub, socket: WebSocket, vsn: Vsn, apiKey: string) => {
  const channels = new Map<string, Channel>()
  const forget = (channel: Channel) => {
    const topic = `realtime:${channel.topic}`
    if (channels.get(topic) === channel) channels.delete(topic)
  }
  const link = createLink(socket, vsn, apiKey, forget)
  const session: Session = { hub, link, channels, tails: new Map(), isOpen: true }
  const idle = setTimeout(() => socket.terminate(), IDLE_MS)
  socket.on('message', (data, isBinary) => {
    idle.refresh()
    try {
      const frame = decodeFrame(isBinary ? (data as Buffer) : data.toString(), vsn)
      if (frame.topic === 'phoenix') reply(session, frame, 'ok', {})
      else enqueue(session, frame)
    } catch {
      socket.close(1002, 'malformed frame')
    }
  })
  socket.on('error', () => socket.terminate())
  socket.on('close', () => {
    clearTimeout(idle)
    session.isOpen = false
    for (const topic of [...channels.keys()]) part(session, topic)
  })
}
