import { expect, test } from 'vitest'
import { signUp } from '../../helpers/callers.ts'
import { connect, type Tx, withTx } from '../../helpers/database.ts'
import { emit } from '../../helpers/webhooks.ts'

type Message = {
  topic: string
  event: string
  private: boolean
  extension: string
  payload: { events: { id: string; type: string }[]; truncated: boolean }
}

const messages = async (tx: Tx, workspaceId: string): Promise<Message[]> =>
  (
    await tx.query<Message>('select * from realtime.messages where topic = $1', [
      `workspace:${workspaceId}`,
    ])
  ).rows

const emitOf = (tx: Tx, workspaceId: string, count: number, bytes: number) =>
  tx.query(
    `insert into public.events (workspace_id, type, subject_type, subject_id, data)
     select $1, 'post.published', 'post', gen_random_uuid(),
       jsonb_build_object('text', repeat('x', $3))
     from generate_series(1, $2::int)`,
    [workspaceId, count, bytes],
  )

test('one statement, however many events, is one private message per workspace', () =>
  withTx(async (tx) => {
    const [one, two] = [await signUp(tx), await signUp(tx)]
    const { rows } = await tx.query(
      `insert into public.events (workspace_id, type, subject_type, subject_id)
       select unnest(array[$1, $1, $2]::uuid[]), 'post.published', 'post', gen_random_uuid()
       returning id, workspace_id`,
      [one.workspaceId, two.workspaceId],
    )
    const ids = (workspaceId: string) =>
      rows.filter((row) => row.workspace_id === workspaceId).map((row) => row.id)

    for (const { workspaceId } of [one, two]) {
      const [message, ...more] = await messages(tx, workspaceId)
      expect(more).toEqual([])
      expect(message).toMatchObject({ event: 'events', private: true, extension: 'broadcast' })
      expect(message?.payload.truncated).toBe(false)
      expect(message?.payload.events.map((event) => event.id)).toEqual(ids(workspaceId))
    }
  }))

test('tells what webhooks tell, and not who did it or what it was before', () =>
  withTx(async (tx) => {
    const { workspaceId } = await signUp(tx)
    await emit(tx, workspaceId)
    const [message] = await messages(tx, workspaceId)
    expect(Object.keys(message?.payload.events[0] ?? {}).sort()).toEqual([
      'created_at',
      'data',
      'id',
      'subject_id',
      'type',
    ])
  }))

test.each([
  ['many events', 300, 10, 100],
  ['large events', 50, 8_000, 24],
  ['one that is larger than a message may be', 1, 300_000, 0],
])('%s are cut to what a message may hold, and it says so', (_, count, bytes, shown) =>
  withTx(async (tx) => {
    const { workspaceId } = await signUp(tx)
    await emitOf(tx, workspaceId, count, bytes)
    const [message] = await messages(tx, workspaceId)
    expect(message?.payload.truncated).toBe(true)
    expect(message?.payload.events).toHaveLength(shown)
    expect(JSON.stringify(message?.payload).length).toBeLessThan(256_000)
  }),
)

test('an event is written even when the message cannot be', async () => {
  const tx = await connect('supabase_admin')
  await tx.query('begin')
  const { workspaceId } = await signUp(tx)
  // As on hosted, where nobody has connected yet and no day has been made.
  const { rows } = await tx.query<{ leaf: string }>(
    `select inhrelid::regclass::text as leaf from pg_inherits
     where inhparent = 'realtime.messages'::regclass`,
  )
  for (const { leaf } of rows) await tx.query(`drop table ${leaf}`)

  expect(await emit(tx, workspaceId)).toHaveLength(1)
  await tx.query('rollback')
})

test('a platform that takes no rows from us is asked to send each message itself', async () => {
  const tx = await connect('supabase_admin')
  await tx.query('begin')
  const { workspaceId } = await signUp(tx)
  await tx.query(
    `revoke insert on realtime.messages
     from postgres, supabase_realtime_admin, anon, authenticated, service_role`,
  )
  await tx.query('alter function realtime.send(jsonb, text, text, boolean) security definer')

  const { rows } = await tx.query(
    `select has_table_privilege('postgres', 'realtime.messages', 'insert') as may_insert`,
  )
  expect(rows).toEqual([{ may_insert: false }])

  const [id] = await emit(tx, workspaceId)

  const [message, ...more] = await messages(tx, workspaceId)
  expect(more).toEqual([])
  expect(message).toMatchObject({ event: 'events', private: true, extension: 'broadcast' })
  expect(message?.payload.events.map((event) => event.id)).toEqual([id])
  await tx.query('rollback')
})

test('what workers settle by the thousand gathers until it is stamped, and is told once', () =>
  withTx(async (tx) => {
    const { workspaceId } = await signUp(tx)
    await tx.query(`select set_config('myposts.defers_broadcasts', 'on', true)`)
    await emitOf(tx, workspaceId, 2, 1)
    await emitOf(tx, workspaceId, 1, 1)
    expect(await messages(tx, workspaceId)).toEqual([])

    await tx.query('select private.stamp_events()')
    await tx.query('select private.stamp_events()')
    const [message, ...more] = await messages(tx, workspaceId)
    expect(more).toEqual([])
    expect(message?.payload.events).toHaveLength(3)
  }))
