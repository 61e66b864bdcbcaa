import { createClient } from '@supabase/supabase-js'
import { expect, inject, test } from 'vitest'
import { asSuperuser } from '../helpers/accounts.ts'
import { usePeople } from '../helpers/realtime-people.ts'
import {
  admit,
  joinRoom,
  newRoom,
  sendFromDatabase as send,
  useRooms,
} from '../helpers/realtime-room.ts'
import { until } from '../helpers/until.ts'

useRooms()

const { person, watch, anonymous } = usePeople()

const refusal = (topic: string) =>
  `Unauthorized: You do not have permissions to read from this Channel topic: ${topic}`

test('lets a member in and keeps strangers and the anonymous out', async () => {
  const [member, stranger] = [await person(), await person()]
  const topic = await newRoom(member)
  expect(await joinRoom(member.client, topic)).toMatchObject({ status: 'SUBSCRIBED' })
  for (const client of [stranger.client, anonymous()]) {
    const refused = await joinRoom(client, topic)
    expect(refused).toMatchObject({ status: 'CHANNEL_ERROR', error: refusal(topic) })
    await client.removeAllChannels()
  }
})

test('refuses channels that are not private', async () => {
  const member = await person()
  const topic = await newRoom(member)
  const refused = await joinRoom(member.client, topic, { private: false })
  expect(refused.error).toBe('PrivateOnly: This project only allows private channels')
})

test('delivers what the database sends, in order, once, to members of the topic alone', async () => {
  const [ada, bob, eve] = [await person(), await person(), await person()]
  const [topic, other] = [await newRoom(ada, bob), await newRoom(eve)]
  const [first, second] = [await joinRoom(ada.client, topic), await joinRoom(bob.client, topic)]
  const elsewhere = await joinRoom(eve.client, other)
  await send(topic, ...Array.from({ length: 50 }, (_, place) => ({ place })))
  await send(other, { last: true })
  await until('all messages', () => first.received.length >= 50 && second.received.length >= 50)
  await until('the other topic', () => elsewhere.received.length > 0)
  for (const { received } of [first, second]) {
    const places = received.map(({ payload }) => (payload as { place: number }).place)
    expect(places).toEqual(Array.from({ length: 50 }, (_, place) => place))
    expect(received[0]).toMatchObject({ event: 'changed', meta: { id: expect.any(String) } })
  }
  expect(elsewhere.received.map(({ payload }) => payload)).toMatchObject([{ last: true }])
})

test('delivers every message of one statement, in order, once', async () => {
  const member = await person()
  const topic = await newRoom(member)
  const joined = await joinRoom(member.client, topic)
  await asSuperuser(
    `insert into realtime.messages (topic, extension, event, payload, private)
     select $1, 'broadcast', 'changed', jsonb_build_object('place', place), true
     from generate_series(0, 349) as place`,
    [topic],
  )
  await until('all messages', () => joined.received.length >= 350)
  const places = joined.received.map(({ payload }) => (payload as { place: number }).place)
  expect(places).toEqual(Array.from({ length: 350 }, (_, place) => place))
})

test('never delivers what is rolled back', async () => {
  const member = await person()
  const topic = await newRoom(member)
  const joined = await joinRoom(member.client, topic)
  await asSuperuser(`begin; select realtime.send('{"kept": false}', 'x', '${topic}'); rollback`)
  await send(topic, { kept: true })
  await until('the message that was kept', () => joined.received.length > 0)
  expect(joined.received.map(({ payload }) => payload)).toMatchObject([{ kept: true }])
})

test('passes broadcasts between clients, to the sender only on request', async () => {
  const [ada, bob] = [await person(), await person()]
  const topic = await newRoom(ada, bob)
  const speaker = await joinRoom(ada.client, topic, { broadcast: { ack: true, self: false } })
  const echo = await joinRoom(bob.client, topic, { broadcast: { ack: true, self: true } })
  const say = (joined: typeof speaker, payload: unknown) =>
    joined.channel.send({ type: 'broadcast', event: 'said', payload })
  expect(await say(speaker, { text: 'grüße 👋' })).toBe('ok')
  expect(await say(echo, new Uint8Array([1, 2, 3]).buffer)).toBe('ok')
  await until('both messages', () => echo.received.length === 2 && speaker.received.length === 1)
  expect(echo.received[0]).toMatchObject({ event: 'said', payload: { text: 'grüße 👋' } })
  const bytes = speaker.received[0]?.payload as ArrayBuffer
  expect([...new Uint8Array(bytes)]).toEqual([1, 2, 3])
})

test('drops broadcasts of those who may only read', async () => {
  const [reader, writer] = [await person(), await person()]
  const topic = await newRoom(writer)
  await admit(reader, topic, { writes: false })
  const joined = await joinRoom(reader.client, topic, { broadcast: { self: true } })
  const other = await joinRoom(writer.client, topic)
  await joined.channel.send({ type: 'broadcast', event: 'forbidden', payload: {} })
  await other.channel.send({ type: 'broadcast', event: 'allowed', payload: {} })
  await until('the allowed one', () => joined.received.length > 0)
  expect(joined.received.map(({ event }) => event)).toEqual(['allowed'])
  expect(other.received).toEqual([])
})

test('answers postgres_changes with a refusal that says what to use', async () => {
  const member = await person()
  const topic = await newRoom(member)
  const joined = await joinRoom(member.client, topic, {}, (channel) =>
    channel.on('postgres_changes', { event: '*', schema: 'public', table: 'posts' }, () => {}),
  )
  await until('a system message', () => joined.system.length > 0)
  expect(joined.system[0]).toMatchObject({ status: 'error', extension: 'postgres_changes' })
  expect(joined.system[0]?.message).toContain('realtime.send')
})

test('leaves a topic, and joins it again', async () => {
  const member = await person()
  const topic = await newRoom(member)
  const left = await joinRoom(member.client, topic)
  expect(await member.client.removeChannel(left.channel)).toBe('ok')
  await send(topic, { while: 'away' })
  const back = await joinRoom(member.client, topic)
  await send(topic, { while: 'here' })
  await until('a message', () => back.received.length > 0)
  expect(back.received.map(({ payload }) => payload)).toMatchObject([{ while: 'here' }])
  expect(left.received).toEqual([])
})

test('speaks protocol 1.0.0 to clients that ask for it', async () => {
  const member = await person()
  const topic = await newRoom(member)
  const { api_url, publishable_key } = inject('stack')
  const old = watch(createClient(api_url, publishable_key, { realtime: { vsn: '1.0.0' } }))
  const { accessToken: access_token, refreshToken: refresh_token } = member
  await old.auth.setSession({ access_token, refresh_token })
  const joined = await joinRoom(old, topic, { broadcast: { ack: true, self: true } })
  expect(joined.status).toBe('SUBSCRIBED')
  await joined.channel.send({ type: 'broadcast', event: 'said', payload: { v: 1 } })
  await send(topic, { v: 2 })
  await until('both', () => joined.received.length === 2)
  expect(joined.received.map(({ payload }) => payload)).toMatchObject([{ v: 1 }, { v: 2 }])
})
