import { expect, test } from 'vitest'
import { usePeople } from '../helpers/realtime-people.ts'
import { admit, joinRoom, newRoom, useRooms } from '../helpers/realtime-room.ts'
import { until } from '../helpers/until.ts'

useRooms()
const { person } = usePeople()

const withKey = (key: string) => ({ presence: { enabled: true, key } })
const keys = ({ channel }: { channel: { presenceState(): object } }) =>
  Object.keys(channel.presenceState()).sort()

test('shows who is there, what they do, and who is gone', async () => {
  const [ada, bob] = [await person(), await person()]
  const topic = await newRoom(ada, bob)
  const first = await joinRoom(ada.client, topic, withKey('ada'))
  expect(await first.channel.track({ typing: false })).toBe('ok')
  const second = await joinRoom(bob.client, topic, withKey('bob'))
  await until('the state on joining', () => keys(second).includes('ada'))
  await second.channel.track({ typing: false })
  await until('both on both sides', () => keys(first).length === 2 && keys(second).length === 2)

  await first.channel.track({ typing: true })
  const typing = () => second.channel.presenceState<{ typing: boolean }>().ada?.[0]?.typing
  await until('the change', typing)
  expect(second.channel.presenceState().ada).toHaveLength(1)

  await first.channel.untrack()
  await until('the one who untracked gone', () => keys(second).join() === 'bob')
  await bob.client.realtime.disconnect()
  await until('the one whose socket closed gone', () => keys(first).length === 0)
})

test('shows nobody who may not write, and nothing to who may not read', async () => {
  const [ada, reader] = [await person(), await person()]
  const topic = await newRoom(ada)
  await admit(reader, topic, { writes: false })
  const member = await joinRoom(ada.client, topic, withKey('ada'))
  const silent = await joinRoom(reader.client, topic, withKey('reader'))
  expect(await silent.channel.track({ here: true })).toBe('error')
  await member.channel.track({})
  await until('the member', () => keys(silent).join() === 'ada')
  expect(keys(member)).toEqual(['ada'])
})

test('ends a channel that calls more often than hosted allows', async () => {
  const ada = await person()
  const room = await joinRoom(ada.client, await newRoom(ada), withKey('ada'))
  for (let call = 0; call < 6; call += 1) void room.channel.track({ call })
  await until('the close', () => room.states.includes('CLOSED'))
  expect(room.system.map(({ message }) => message)).toEqual(['Client presence rate limit exceeded'])
})
