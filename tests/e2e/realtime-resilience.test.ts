import { expect, inject, test } from 'vitest'
import { WebSocket } from 'ws'
import { asSuperuser, type SignedIn } from '../helpers/accounts.ts'
import { usePeople } from '../helpers/realtime-people.ts'
import { joinRoom, newRoom, sendFromDatabase, useRooms } from '../helpers/realtime-room.ts'
import { until } from '../helpers/until.ts'

useRooms()
const { person } = usePeople()

const places = (count: number) => Array.from({ length: count }, (_, place) => ({ place }))

test('delivers once and in order what is committed while its connection is gone', async () => {
  const member = await person()
  const topic = await newRoom(member)
  const joined = await joinRoom(member.client, topic)
  const payloads = places(60)
  await sendFromDatabase(topic, ...payloads.slice(0, 20))
  await until('the first ones', () => joined.received.length === 20)
  for (const part of [payloads.slice(20, 40), payloads.slice(40)]) {
    await asSuperuser(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'realtime'`,
    )
    await sendFromDatabase(topic, ...part)
    const last = part.at(-1)?.place ?? 0
    await until('the missed ones', () => joined.received.length > last)
  }
  await sendFromDatabase(topic, { place: 60 })
  await until('the last one', () => joined.received.length > 60)
  const seen = joined.received.map(({ payload }) => (payload as { place: number }).place)
  expect(seen).toEqual(places(61).map(({ place }) => place))
})

/** Joins with a bare socket and then reads nothing any more. */
const stall = async (member: SignedIn, topic: string) => {
  const { api_url, publishable_key } = inject('stack')
  const url = `${api_url}/realtime/v1/websocket?vsn=2.0.0&apikey=${publishable_key}`
  const socket = new WebSocket(url.replace('http', 'ws'))
  await new Promise((resolve) => socket.once('open', resolve))
  const config = { private: true, broadcast: { self: false } }
  const payload = { config, access_token: member.accessToken }
  socket.send(JSON.stringify(['1', '1', `realtime:${topic}`, 'phx_join', payload]))
  await new Promise((resolve) => socket.once('message', resolve))
  socket.pause()
  return socket
}

test('lets nobody wait for a client that stopped reading, and cuts it off', async () => {
  const [reader, sleeper] = [await person(), await person()]
  const topic = await newRoom(reader, sleeper)
  const joined = await joinRoom(reader.client, topic)
  const socket = await stall(sleeper, topic)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const big = 'x'.repeat(500_000)
  const count = 80
  for (let sent = 0; sent < count; sent += 1) await sendFromDatabase(topic, { big })
  await until('everything', () => joined.received.length === count)
  socket.resume()
  await closed
})

test('closes a socket that speaks no protocol, and stays up for the others', async () => {
  const member = await person()
  const topic = await newRoom(member)
  const joined = await joinRoom(member.client, topic)
  for (const frame of ['{', '[]', Buffer.from([9, 9, 9])]) {
    const socket = await stall(member, topic)
    socket.resume()
    const code = new Promise((resolve) => socket.once('close', resolve))
    socket.send(frame)
    expect(await code).toBe(1002)
  }
  await sendFromDatabase(topic, { still: 'up' })
  await until('a message', () => joined.received.length > 0)
})
