import { expect, inject, test } from 'vitest'
import { usePeople } from '../helpers/realtime-people.ts'
import { admit, joinRoom, newRoom, useRooms } from '../helpers/realtime-room.ts'
import { until } from '../helpers/until.ts'

useRooms()
const { person } = usePeople()

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${inject('stack').api_url}/realtime/v1/api/broadcast${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

test('takes a message over HTTP from the client, without a socket of its own', async () => {
  const [ada, bob] = [await person(), await person()]
  const topic = await newRoom(ada, bob)
  const joined = await joinRoom(bob.client, topic)
  await ada.client.realtime.setAuth()
  const channel = ada.client.channel(topic, { config: { private: true } })
  expect(await channel.httpSend('said', { text: 'hi' })).toEqual({ success: true })
  expect(await channel.httpSend('bytes', new Uint8Array([7]).buffer)).toEqual({ success: true })
  await until('both', () => joined.received.length === 2)
  expect(joined.received[0]).toMatchObject({ event: 'said', payload: { text: 'hi' } })
  expect([...new Uint8Array(joined.received[1]?.payload as ArrayBuffer)]).toEqual([7])
})

test('takes batches, with and without the prefix of the protocol', async () => {
  const bob = await person()
  const topic = await newRoom(bob)
  const joined = await joinRoom(bob.client, topic)
  const message = { event: 'said', payload: { n: 1 }, private: true }
  const messages = [topic, `realtime:${topic}`].map((to) => ({ ...message, topic: to }))
  const sent = await post('', { messages }, { apikey: inject('stack').secret_key })
  expect(sent.status).toBe(202)
  await until('both', () => joined.received.length === 2)
})

test('drops what the sender may not write', async () => {
  const [reader, writer] = [await person(), await person()]
  const topic = await newRoom(writer)
  await admit(reader, topic, { writes: false })
  const joined = await joinRoom(reader.client, topic)
  const path = (event: string) => `/${encodeURIComponent(topic)}/events/${event}?private=true`
  const as = (token: string) => ({
    apikey: inject('stack').publishable_key,
    authorization: `Bearer ${token}`,
  })
  expect((await post(path('no'), {}, as(reader.accessToken))).status).toBe(202)
  expect((await post(path('yes'), {}, as(writer.accessToken))).status).toBe(202)
  await until('the permitted one', () => joined.received.length > 0)
  expect(joined.received.map(({ event }) => event)).toEqual(['yes'])
})

test('may be called from a page of any origin', async () => {
  const preflight = await fetch(`${inject('stack').api_url}/realtime/v1/api/broadcast`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'apikey, authorization, content-type',
    },
  })
  expect(preflight.ok).toBe(true)
  const answer = await post('', {})
  for (const { headers } of [preflight, answer]) {
    expect(headers.get('access-control-allow-origin')).toBe('*')
  }
})

test('refuses strangers, and bodies that are no messages', async () => {
  const { secret_key: apikey, publishable_key } = inject('stack')
  const bad = { apikey: publishable_key, authorization: 'Bearer nonsense' }
  expect((await post('', { messages: [] }, bad)).status).toBe(401)
  expect((await post('', { messages: [] }, { apikey: 'sb_secret_wrong' })).status).toBe(401)
  expect((await post('', { messages: [{ topic: 'x' }] }, { apikey })).status).toBe(422)
  expect((await post('', [], { apikey })).status).toBe(422)
  expect((await post('/x/events/y?persist=true', {}, { apikey })).status).toBe(422)
})
