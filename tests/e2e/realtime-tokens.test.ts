import { createClient } from '@supabase/supabase-js'
import { expect, inject, test } from 'vitest'
import { WebSocket } from 'ws'
import { newAccount, newClient, signToken } from '../helpers/accounts.ts'
import { usePeople } from '../helpers/realtime-people.ts'
import { admit, joinRoom, newRoom, sendFromDatabase, useRooms } from '../helpers/realtime-room.ts'
import { until } from '../helpers/until.ts'

useRooms()
const { person, watch } = usePeople()

const claimsFor = (id: string) => ({ sub: id, role: 'authenticated', aud: 'authenticated' })

/** A client whose token is what the test says, as an app with its own sessions has it. */
const clientWith = (accessToken: () => Promise<string>) => {
  const { api_url, publishable_key } = inject('stack')
  return watch(createClient(api_url, publishable_key, { accessToken }))
}

test('closes a channel when its token expires', async () => {
  const { id, ...account } = await newAccount()
  const topic = await newRoom({ id, ...account })
  const client = clientWith(() => signToken(claimsFor(id), 2))
  const joined = await joinRoom(client, topic)
  expect(joined.status).toBe('SUBSCRIBED')
  await until('the close', () => joined.states.includes('CLOSED'))
  expect(joined.system[0]?.message).toMatch(/^Token has expired \d+ seconds ago$/)
  await sendFromDatabase(topic, { secret: true })
  expect(joined.received).toEqual([])
})

test('refuses an expired and a forged token, and never takes them for anonymous', async () => {
  const { id } = await newAccount()
  const expired = await signToken(claimsFor(id), -5)
  const refused = await joinRoom(
    clientWith(async () => expired),
    'room:any',
  )
  expect(refused.error).toMatch(/^InvalidJWTToken: Token has expired \d+ seconds ago$/)
  const forged = `${(await signToken(claimsFor(id), 60)).slice(0, -6)}AAAAAA`
  const other = await joinRoom(
    clientWith(async () => forged),
    'room:any',
  )
  expect(other.error).toBe('JwtSignatureError: Failed to validate JWT signature')
})

test('goes on with a refreshed token, and asks the policies again', async () => {
  const account = await person()
  const topic = await newRoom(account)
  const joined = await joinRoom(account.client, topic)
  const refresh = async () => {
    const { data } = await account.client.auth.refreshSession()
    await account.client.realtime.setAuth(data.session?.access_token ?? null)
  }
  await refresh()
  await sendFromDatabase(topic, { still: 'here' })
  await until('a message', () => joined.received.length === 1)
  await admit(account, topic, { reads: false })
  await refresh()
  await until('the close', () => joined.states.includes('CLOSED'))
  expect(joined.system[0]?.message).toContain(`read from this Channel topic: ${topic}`)
})

test('reads every topic with the secret key', async () => {
  const server = watch(newClient(inject('stack').secret_key))
  const topic = await newRoom()
  const joined = await joinRoom(server, topic)
  await sendFromDatabase(topic, { for: 'the server' })
  await until('a message', () => joined.received.length === 1)
})

test('answers a handshake without a known key with 401 and JSON', async () => {
  for (const key of ['', 'sb_publishable_wrong', 'a.b.c']) {
    const url = `${inject('stack').api_url}/realtime/v1/websocket?vsn=2.0.0&apikey=${key}`
    const socket = new WebSocket(url.replace('http', 'ws'))
    const answer = await new Promise<{ status?: number; type?: string }>((resolve) => {
      socket.on('error', () => {})
      socket.on('unexpected-response', (_request, response) =>
        resolve({ status: response.statusCode, type: response.headers['content-type'] }),
      )
    })
    expect(answer).toMatchObject({ status: 401, type: expect.stringContaining('json') })
    socket.terminate()
  }
})
