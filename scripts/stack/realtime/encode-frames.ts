import {
  type Broadcast,
  ENCODINGS,
  type Envelope,
  type Message,
  type Pushed,
  type Vsn,
} from './frames.ts'

const DELIVERY = 4
const MAX_FIELD_BYTES = 255

const text = new TextDecoder('utf-8', { fatal: true })
const bytes = new TextEncoder()

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

/** The JSON text of pushed bytes, written anew: text nobody has parsed must not go into a frame. */
const readJson = (body: Uint8Array): string | null => {
  try {
    return JSON.stringify(JSON.parse(text.decode(body)))
  } catch {
    return null
  }
}

/**
 * Writes a broadcast for one subscriber; null when the protocol cannot carry it (in 1.0.0 a payload
 * that is no JSON, in a binary frame a name over 255 bytes).
 */
export const encodeBroadcast = (
  vsn: Vsn,
  topic: string,
  broadcast: Broadcast,
): string | Uint8Array | null => {
  const { event, id } = broadcast
  if ('json' in broadcast) return encodeTextBroadcast(vsn, topic, event, broadcast.json, id)
  if (vsn === '2.0.0') return encodeDelivery(topic, broadcast)
  const json = broadcast.encoding === 'json' ? readJson(broadcast.body) : null
  return json && encodeTextBroadcast(vsn, topic, event, json, id)
}
