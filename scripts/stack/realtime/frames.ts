/** The two wire formats of Realtime (vsn 1.0.0 and 2.0.0): what is in a frame, and how to read one. */

export type Vsn = '1.0.0' | '2.0.0'

export type Envelope = { joinRef: string | null; ref: string | null; topic: string }

/** A text frame: any event with a JSON payload. */
export type Message = Envelope & { kind: 'message'; event: string; payload: unknown }

/** A binary frame of kind 3: a broadcast whose payload the server passes on unread. */
export type BroadcastPush = Envelope &
  Pushed & { kind: 'broadcast'; event: string; persist: boolean }

export type Frame = Message | BroadcastPush

/** Bytes a client pushed, and what it says they are. */
export type Pushed = { encoding: 'json' | 'binary'; body: Uint8Array }

/** What subscribers receive: JSON kept as text, or the bytes a client pushed. */
export type Broadcast = { event: string; id?: string } & ({ json: string } | Pushed)

const PUSH = 3
/** By their number on the wire. */
export const ENCODINGS = ['binary', 'json'] as const

const text = new TextDecoder('utf-8', { fatal: true })

const textOrNull = (value: unknown) => (value === null || value === undefined ? null : `${value}`)

const message = (parts: unknown[]): Message => {
  const [joinRef, ref, topic, event, payload] = parts
  if (typeof topic !== 'string' || typeof event !== 'string') throw new Error('malformed frame')
  return {
    kind: 'message',
    joinRef: textOrNull(joinRef),
    ref: textOrNull(ref),
    topic,
    event,
    payload,
  }
}

const decodeText = (data: string, vsn: Vsn): Message => {
  const value: unknown = JSON.parse(data)
  if (vsn === '2.0.0') {
    if (!Array.isArray(value)) throw new Error('malformed frame')
    return message(value)
  }
  const { join_ref, ref, topic, event, payload } = value as Record<string, unknown>
  return message([join_ref, ref, topic, event, payload])
}

const decodePush = (data: Uint8Array): BroadcastPush => {
  const [kind, ...lengths] = data.subarray(0, 6)
  const encoding = ENCODINGS[data[6] ?? -1]
  if (kind !== PUSH || encoding === undefined) throw new Error('malformed frame')
  let offset = 7
  const [joinRef = '', ref = '', topic = '', event = '', meta = ''] = lengths.map((length) => {
    if (offset + length > data.length) throw new Error('malformed frame')
    offset += length
    return text.decode(data.subarray(offset - length, offset))
  })
  return {
    kind: 'broadcast',
    joinRef: joinRef || null,
    ref: ref || null,
    topic,
    event,
    encoding,
    persist: Boolean(meta && JSON.parse(meta)?.persist),
    body: data.subarray(offset),
  }
}

/** Reads one frame from a client; throws on anything the protocol does not allow. */
export const decodeFrame = (data: string | Uint8Array, vsn: Vsn): Frame =>
  typeof data === 'string' ? decodeText(data, vsn) : decodePush(data)
