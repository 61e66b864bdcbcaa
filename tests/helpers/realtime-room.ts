import { randomUUID } from 'node:crypto'
import type { RealtimeChannel, RealtimeChannelOptions, SupabaseClient } from '@supabase/supabase-js'
import { afterAll, beforeAll } from 'vitest'
import { asSuperuser, type SignedIn } from './accounts.ts'

type Rights = { reads?: boolean; writes?: boolean }

/** Each file has rooms of its own: files run side by side on one stack. */
const rooms = `test_rooms_${randomUUID().slice(0, 8)}`

const allowed = (right: 'reads' | 'writes') =>
  `exists (
    select from ${rooms}.members as m
    where m.user_id = (select auth.uid()) and m.topic = (select realtime.topic()) and m.${right}
  )`

/** Opens rooms for a test file: topics of its own, with policies on realtime.messages beside ours. */
export function useRooms() {
  beforeAll(() =>
    asSuperuser(`
      create schema ${rooms};
      grant usage on schema ${rooms} to authenticated;
      create table ${rooms}.members (user_id uuid, topic text, reads boolean, writes boolean);
      grant select on ${rooms}.members to authenticated;
      create policy "${rooms}: members read their room" on realtime.messages
        for select to authenticated using (${allowed('reads')});
      create policy "${rooms}: members write to their room" on realtime.messages
        for insert to authenticated with check (${allowed('writes')});
    `),
  )
  afterAll(() =>
    asSuperuser(`
      drop policy "${rooms}: members read their room" on realtime.messages;
      drop policy "${rooms}: members write to their room" on realtime.messages;
      drop schema ${rooms} cascade;
    `),
  )
}

/** A fresh topic whose members may read and write it. */
export async function newRoom(...members: SignedIn[]): Promise<string> {
  const topic = `room:${randomUUID()}`
  for (const member of members) await admit(member, topic)
  return topic
}

/** Makes somebody a member of a room, or changes what they may do there. */
export async function admit(
  { id }: SignedIn,
  topic: string,
  { reads = true, writes = true }: Rights = {},
) {
  await asSuperuser(`delete from ${rooms}.members where user_id = $1 and topic = $2`, [id, topic])
  await asSuperuser(`insert into ${rooms}.members values ($1, $2, $3, $4)`, [
    id,
    topic,
    reads,
    writes,
  ])
}

/** Sends messages to a topic as our SQL does, in one transaction. */
export const sendFromDatabase = (topic: string, ...payloads: object[]) =>
  asSuperuser(
    `select realtime.send(payload, 'changed', $1)
     from unnest($2::jsonb[]) with ordinality as p (payload, place) order by place`,
    [topic, payloads.map((payload) => JSON.stringify(payload))],
  )

export type Joined = {
  channel: RealtimeChannel
  status: string
  error: string | undefined
  /** Every broadcast received: its event, its payload, and the id of a stored message. */
  received: { event: string; payload: unknown; meta?: { id: string } }[]
  /** Every state the channel went through. */
  states: string[]
  system: { status: string; message: string; extension: string }[]
}

/** Joins a private channel (unless told otherwise) and waits for the first answer. */
export async function joinRoom(
  client: SupabaseClient,
  topic: string,
  config: RealtimeChannelOptions['config'] = {},
  prepare: (channel: RealtimeChannel) => void = () => {},
): Promise<Joined> {
  await client.realtime.setAuth()
  const channel = client.channel(topic, { config: { private: true, ...config } })
  const joined: Joined = {
    channel,
    status: '',
    error: undefined,
    received: [],
    states: [],
    system: [],
  }
  channel.on('broadcast', { event: '*' }, (message) => joined.received.push(message as never))
  channel.on('system', {}, (message) => joined.system.push(message))
  prepare(channel)
  return new Promise((resolve) => {
    channel.subscribe((status, error) => {
      joined.states.push(status)
      if (joined.status !== '') return
      Object.assign(joined, { status, error: error?.message })
      resolve(joined)
    })
  })
}
