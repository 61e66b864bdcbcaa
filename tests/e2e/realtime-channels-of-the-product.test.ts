import { randomUUID } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { asSuperuser, type SignedIn } from '../helpers/accounts.ts'
import { apiAs } from '../helpers/api.ts'
import { usePeople } from '../helpers/realtime-people.ts'
import { joinRoom } from '../helpers/realtime-room.ts'
import { addSandboxAccount } from '../helpers/sandbox-account.ts'
import { until } from '../helpers/until.ts'

const { person, watch } = usePeople()

type Event = { id: string; type: string; subject_id: string }

/** Somebody with a workspace and an account in it. */
const owner = async () => {
  const who = await person()
  const { data } = await who.client.from('workspaces').select('id').single<{ id: string }>()
  const workspaceId = data?.id ?? ''
  const account = await addSandboxAccount(inject('stack'), { userId: who.id, workspaceId })
  const api = apiAs(who.accessToken)
  const draft = async () =>
    (await api('POST', '/posts', { body: { account_id: account.id, content: randomUUID() } })).body
      .id as string
  return { ...who, workspaceId, api, draft }
}

const setRole = (workspaceId: string, { id }: SignedIn, role: string | null) =>
  asSuperuser(
    role === null
      ? 'delete from public.workspace_members where workspace_id = $1 and user_id = $2'
      : 'insert into public.workspace_members values ($1, $2, $3)',
    role === null ? [workspaceId, id] : [workspaceId, id, role],
  )

const refreshToken = async ({ client }: SignedIn) => {
  const { data } = await client.auth.refreshSession()
  await client.realtime.setAuth(data.session?.access_token ?? null)
}

const eventsOf = (received: { event: string; payload: unknown }[]) =>
  received.flatMap(({ event, payload }) =>
    event === 'events' ? (payload as { events: Event[] }).events : [],
  )

test('people who work on one post see each other, and each change at once', async () => {
  const [ada, bob, viewer] = [await owner(), await person(), await person()]
  await setRole(ada.workspaceId, bob, 'editor')
  await setRole(ada.workspaceId, viewer, 'viewer')
  const post = await ada.draft()
  const enter = (who: SignedIn, key: string) =>
    joinRoom(who.client, `post:${post}`, { presence: { enabled: true, key } })
  const rooms = [await enter(ada, 'ada'), await enter(bob, 'bob'), await enter(viewer, 'viewer')]
  expect(await rooms[0]?.channel.track({ editing: true })).toBe('ok')
  expect(await rooms[1]?.channel.track({ editing: false })).toBe('ok')
  expect(await rooms[2]?.channel.track({})).toBe('error')
  for (const room of rooms) {
    await until(
      'both editors',
      () => Object.keys(room.channel.presenceState()).toSorted().join() === 'ada,bob',
    )
  }

  const changed = await ada.api('PATCH', `/posts/${post}`, { body: { content: 'Better' } })
  for (const room of rooms) {
    const told = await until('the change', () => room.received[0])
    expect(told).toMatchObject({
      event: 'version',
      payload: { post_id: post, version: changed.body.version, type: 'post.updated' },
    })
  }
  const stranger = await person()
  expect((await joinRoom(stranger.client, `post:${post}`)).status).toBe('CHANNEL_ERROR')
})

test('who was removed from a workspace hears nothing from their next token on', async () => {
  const [ada, bob] = [await owner(), await person()]
  await setRole(ada.workspaceId, bob, 'editor')
  const post = await ada.draft()
  const topics = [`workspace:${ada.workspaceId}`, `post:${post}`]
  const rooms = await Promise.all(topics.map((topic) => joinRoom(bob.client, topic)))
  const own = await joinRoom(ada.client, topics[0] ?? '')
  await ada.api('PATCH', `/posts/${post}`, { body: { content: 'One' } })
  for (const room of rooms) await until('what members hear', () => room.received.length > 0)

  await setRole(ada.workspaceId, bob, null)
  await refreshToken(bob)
  for (const room of rooms) await until('the close', () => room.states.includes('CLOSED'))
  const heard = rooms.map(({ received }) => received.length)
  const before = eventsOf(own.received).length
  await ada.api('PATCH', `/posts/${post}`, { body: { content: 'Two' } })
  await until('the owner hears it', () => eventsOf(own.received).length > before)
  expect(rooms.map(({ received }) => received.length)).toEqual(heard)
  for (const topic of topics) {
    await bob.client.removeAllChannels()
    expect((await joinRoom(bob.client, topic)).status).toBe('CHANNEL_ERROR')
  }
})

test('what a client missed it reads from the log, and has every event exactly once', async () => {
  const ada = await owner()
  const taken: Event[] = []
  const seen = new Set<string>()
  const take = (event: Event) => {
    if (!seen.has(event.id)) taken.push(event)
    seen.add(event.id)
  }
  let cursor = ''
  const catchUp = async () => {
    for (let more = true; more; ) {
      const { body } = await ada.api('GET', `/events${cursor && `?after=${cursor}`}`)
      body.data.forEach(take)
      cursor = body.next_cursor
      more = body.has_more
    }
  }
  const listen = async () => {
    const client = watch(ada.client)
    const room = await joinRoom(client, `workspace:${ada.workspaceId}`)
    expect(room.status).toBe('SUBSCRIBED')
    await catchUp()
    return room
  }
  const drafts: string[] = []
  const write = async (count: number) => {
    for (let n = 0; n < count; n += 1) drafts.push(await ada.draft())
  }

  const first = await listen()
  await write(3)
  await until('live events', () => eventsOf(first.received).length >= 3)
  eventsOf(first.received).forEach(take)
  await ada.client.realtime.disconnect()
  await write(5)
  expect(eventsOf(first.received)).toHaveLength(3)
  await ada.client.removeAllChannels()

  const second = await listen()
  await write(2)
  await until('live events again', () => eventsOf(second.received).length >= 2)
  eventsOf(second.received).forEach(take)
  await until('the whole log', async () => {
    await catchUp()
    return drafts.every((id) => taken.some(({ subject_id }) => subject_id === id))
  })
  const rows = await asSuperuser<{ id: string }>(
    'select id from public.events where workspace_id = $1',
    [ada.workspaceId],
  )
  expect(taken.map(({ id }) => id).toSorted()).toEqual(rows.map(({ id }) => id).toSorted())
})
