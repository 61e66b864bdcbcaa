/** The two wire formats of Realtime (vsn 1.0.0 and 2.0.0), as pure functions. */

export type Vsn = '1.0.0' | '2.0.0'

type Envelope = { joinRef: string | null; ref: string | null; topic: string }

/** A text frame: any event with a JSON payload. */
export type Message = Envelope & { kind: 'message'; event: string; payload: unknown }

/** A binary frame of kind 3: a broadcast whose payload the server passes on unread. */
export type BroadcastPush = Envelope & {
  kind: 'broadcast'
  event: string
  encoding: 'json' | 'binary'
  body: Uint8Array
  meta: unknown
}

export type Frame = Message | BroadcastPush

type Pushed = { encoding: 'json' | 'binary'; body: Uint8Array }

/** What subscribers receive: JSON kept as text, or the bytes a client pushed. */
export type Broadcast = { event: string; id?: string } & ({ json: string } | Pushed)

const PUSH = 3
const DELIVERY = 4
const ENCODINGS = ['binary', 'json'] as const
const MAX_FIELD_BYTES = 255

const text = new TextDecoder('utf-8', { fatal: true })
const bytes = new TextEncoder()

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
    meta: meta === '' ? {} : JSON.parse(meta),
    body: data.subarray(offset),
  }
}

/** Reads one frame from a client; throws on anything the protocol does not allow. */
export const decodeFrame = (data: string | Uint8Array, vsn: Vsn): Frame =>
  typeof data === 'string' ? decodeText(data, vsn) : decodePush(data)

const wrap = (vsn: Vsn, frame: Envelope & { event: string }, payloadJson: string): string => {
  const { joinRef, ref, topic, event } = frame
  if (vsn === '2.0.0') {
    return `${JSON.stringify([joinRef, ref, topic, event]).slice(0, -1)},${payloadJson}]`
  }
  return `${JSON.stringify({ join_ref: joinRef, ref, topic, event }).slice(0, -1)},"payload":${payloadJson}}`
}

/** Writes a text frame. */
export const encodeMessage = (vsn: Vsn, frame: Omit<Message, 'kind'>): string =>
  wrap(vsn, frame, JSON.stringify(frame.payload))

const encodeTextBroadcast = (vsn: Vsn, topic: string, event: string, json: string, id?: string) => {
  const meta = id === undefined ? '' : `,"meta":${JSON.stringify({ id })}`
  const payload = `{"type":"broadcast","event":${JSON.stringify(event)},"payload":${json}${meta}}`
  return wrap(vsn, { joinRef: null, ref: null, topic, event: 'broadcast' }, payload)
}

const encodeDelivery = (topic: string, broadcast: Broadcast & Pushed): Uint8Array | null => {
  const meta = broadcast.id === undefined ? '' : JSON.stringify({ id: broadcast.id })
  const fields = [topic, broadcast.event, meta].map((field) => bytes.encode(field))
  if (fields.some((field) => field.length > MAX_FIELD_BYTES)) return null
  const encoding = ENCODINGS.indexOf(broadcast.encoding)
  const header = Uint8Array.of(DELIVERY, ...fields.map((field) => field.length), encoding)
  return Buffer.concat([header, ...fields, broadcast.body])
}

/**
 * Writes a broadcast for one subscriber; null when the protocol cannot carry it (a binary payload in
 * 1.0.0, a name over 255 bytes in a binary frame).
 */
export const encodeBroadcast = (
  vsn: Vsn,
  topic: string,
  broadcast: Broadcast,
): string | Uint8Array | null => {
  const { event, id } = broadcast
  if ('json' in broadcast) return encodeTextBroadcast(vsn, topic, event, broadcast.json, id)
  if (vsn === '2.0.0') return encodeDelivery(topic, broadcast)
  if (broadcast.encoding === 'binary') return null
  return encodeTextBroadcast(vsn, topic, event, text.decode(broadcast.body), id)
}
