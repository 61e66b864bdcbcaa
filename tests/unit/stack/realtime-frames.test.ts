import { RealtimeClient } from '@supabase/supabase-js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeBroadcast, encodeMessage } from '../../../scripts/stack/realtime/encode-frames.ts'
import { decodeFrame } from '../../../scripts/stack/realtime/frames.ts'

type Decoded = { join_ref: unknown; ref: unknown; topic: string; event: string; payload: unknown }

const client = new RealtimeClient('ws://localhost/realtime/v1', { params: { apikey: 'key' } })

const sent = (message: object): string | Uint8Array => {
  let result: string | Uint8Array = ''
  client.encode(message as never, (encoded: string | ArrayBuffer) => {
    result = typeof encoded === 'string' ? encoded : new Uint8Array(encoded)
  })
  return result
}

const received = (frame: string | Uint8Array | null): Decoded => {
  let result: unknown
  const data = typeof frame === 'string' ? frame : Uint8Array.from(frame ?? []).buffer
  client.decode(data as never, (message: unknown) => {
    result = message
  })
  return result as Decoded
}

const short = fc.string({ unit: 'grapheme', maxLength: 20 })
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)))

test('reads every broadcast the client of supabase-js can push', () => {
  fc.assert(
    fc.property(name, name, name, name, json, (join_ref, ref, topic, event, payload) => {
      const data = sent({ join_ref, ref, topic, event: 'broadcast', payload: { event, payload } })
      const frame = decodeFrame(data, '2.0.0')
      expect(frame).toMatchObject({ kind: 'broadcast', joinRef: join_ref, ref, topic, event })
      if (frame.kind !== 'broadcast') throw new Error('not a broadcast')
      expect(JSON.parse(new TextDecoder().decode(frame.body))).toEqual(payload ?? {})
    }),
  )
})

test('keeps binary payloads byte for byte from push to delivery', () => {
  fc.assert(
    fc.property(name, name, fc.uint8Array(), (topic, event, payload) => {
      const data = sent({
        join_ref: '1',
        ref: '2',
        topic,
        event: 'broadcast',
        payload: { event, payload: payload.slice().buffer, persist: true },
      })
      const frame = decodeFrame(data, '2.0.0')
      if (frame.kind !== 'broadcast') throw new Error('not a broadcast')
      expect(frame).toMatchObject({ encoding: 'binary', persist: true })
      const { encoding, body } = frame
      const delivery = encodeBroadcast('2.0.0', topic, { event, encoding, body })
      const message = received(delivery)
      expect(message).toMatchObject({ topic, event: 'broadcast' })
      expect(message.payload).toMatchObject({ type: 'broadcast', event })
      expect(new Uint8Array((message.payload as { payload: ArrayBuffer }).payload)).toEqual(payload)
    }),
  )
})

test('writes text frames the client reads back, in both versions', () => {
  fc.assert(
    fc.property(fc.option(short), fc.option(short), short, short, json, (...parts) => {
      const [joinRef, ref, topic, event, payload] = parts
      const frame = { joinRef, ref, topic, event, payload }
      const read = { join_ref: joinRef, ref, topic, event, payload }
      expect(received(encodeMessage('2.0.0', frame))).toEqual(read)
      expect(JSON.parse(encodeMessage('1.0.0', frame))).toEqual(read)
      expect(decodeFrame(encodeMessage('2.0.0', frame), '2.0.0')).toMatchObject(frame)
      expect(decodeFrame(encodeMessage('1.0.0', frame), '1.0.0')).toMatchObject(frame)
    }),
  )
})

test('delivers the JSON of the database untouched, with the id of its message', () => {
  const broadcast = { event: 'post', id: 'm1', json: '{"views": 12345678901234567890}' }
  const frame = encodeBroadcast('2.0.0', 'realtime:t', broadcast)
  expect(frame).toContain('12345678901234567890')
  expect(received(frame)).toMatchObject({
    topic: 'realtime:t',
    event: 'broadcast',
    payload: { type: 'broadcast', event: 'post', meta: { id: 'm1' } },
  })
})

test('leaves a binary payload out of version 1.0.0, which cannot carry it', () => {
  const body = new Uint8Array([1, 2])
  expect(encodeBroadcast('1.0.0', 't', { event: 'e', encoding: 'binary', body })).toBeNull()
  const asJson = {
    event: 'e',
    encoding: 'json' as const,
    body: new TextEncoder().encode('{"a":1}'),
  }
  expect(encodeBroadcast('1.0.0', 't', asJson)).toContain('"payload":{"a":1}')
})

test('never lets pushed bytes forge the frame they are put into', () => {
  const forged = new TextEncoder().encode('1}, "event": "phx_close", "x": {"y": 1')
  expect(encodeBroadcast('1.0.0', 't', { event: 'e', encoding: 'json', body: forged })).toBeNull()
  const broken = Uint8Array.of(0xff, 0xfe)
  expect(encodeBroadcast('1.0.0', 't', { event: 'e', encoding: 'json', body: broken })).toBeNull()
})

test('refuses frames the protocol does not allow', () => {
  for (const data of ['{', '{}', '[]', '[null,null,1,"e",{}]', 'null']) {
    expect(() => decodeFrame(data, '2.0.0'), data).toThrow()
    expect(() => decodeFrame(data, '1.0.0'), data).toThrow()
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (data) => {
      if (data[0] === 3) return
      expect(() => decodeFrame(data, '2.0.0')).toThrow()
    }),
  )
  expect(() => decodeFrame(Uint8Array.of(3, 200, 0, 0, 0, 0, 1, 65), '2.0.0')).toThrow()
})
