import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { connect, disconnect, type Tx, withTx } from '../../helpers/database.ts'
import { listEvents, stampEvents } from '../../helpers/events.ts'
import { count } from '../../helpers/publishing.ts'
import { createEndpoint } from '../../helpers/webhooks.ts'

const NOW = '2026-11-15T00:00:00Z'
const SEPTEMBER = '2025-09-10T00:00:00Z'
const OCTOBER = '2025-10-10T00:00:00Z'
const NOVEMBER = '2026-11-10T00:00:00Z'

const withLeaves = (months: string[], run: (tx: Tx) => Promise<void>) =>
  withTx(async (tx) => {
    for (const parent of ['public.events', 'public.event_positions']) {
      for (const month of months)
        await tx.query('select private.create_leaf($1, $2)', [parent, month])
    }
    await run(tx)
  })

const emitAt = async (tx: Tx, workspace: string, month: string): Promise<string> =>
  (
    await tx.query<{ id: string }>(
      `insert into public.events (id, workspace_id, type, subject_type, subject_id, created_at)
       values (private.uuid_v7($2), $1, 'post.created', 'post', gen_random_uuid(), $2) returning id`,
      [workspace, month],
    )
  ).rows[0]?.id ?? ''

const forget = async (tx: Tx, now = NOW) =>
  (await tx.query<{ dropped: number }>('select private.forget_events($1) as dropped', [now]))
    .rows[0]?.dropped

const locate = async (tx: Tx, workspace: string, after: number | null) =>
  (
    await tx.query<{ place: { forgotten_to: number | null } }>(
      'select public.locate_event_cursor($1, $2, null) as place',
      [workspace, after],
    )
  ).rows[0]?.place.forgotten_to

const leaves = (tx: Tx, month: string) =>
  count(tx, `pg_class where relname in ('events_' || $1, 'event_positions_' || $1)`, [month])

test('months older than the policy go, events and positions together, and the log says where it begins', () =>
  withLeaves([SEPTEMBER, OCTOBER, NOVEMBER], async (tx) => {
    const workspace = randomUUID()
    for (const month of [SEPTEMBER, SEPTEMBER, OCTOBER, NOVEMBER])
      await emitAt(tx, workspace, month)
    await stampEvents(tx)

    expect(await forget(tx, '2026-10-31T00:00:00Z')).toBe(0)
    expect(await forget(tx)).toBe(1)
    expect([await leaves(tx, '2025_09'), await leaves(tx, '2025_10')]).toEqual([0, 2])

    expect([await locate(tx, workspace, 1), await locate(tx, workspace, null)]).toEqual([2, null])
    expect(await locate(tx, workspace, 2)).toBeNull()
    expect((await listEvents(tx, workspace, 2)).map(({ sequence }) => sequence)).toEqual([3, 4])
    expect(await forget(tx)).toBe(0)
  }))

test('a log whose events are all gone still knows where it goes on', () =>
  withLeaves([SEPTEMBER], async (tx) => {
    const workspace = randomUUID()
    await emitAt(tx, workspace, SEPTEMBER)
    await stampEvents(tx)
    await forget(tx)
    expect(await listEvents(tx, workspace)).toEqual([])
    expect([await locate(tx, workspace, 0), await locate(tx, workspace, 1)]).toEqual([1, null])
    const { rows } = await tx.query('select public.end_of_events($1) as end', [workspace])
    expect(rows[0].end).toEqual({ last_sequence: 1, fork: null })
  }))

test('a month with an unstamped event stays, with all that follow it, and says so', () =>
  withLeaves([SEPTEMBER, OCTOBER], async (tx) => {
    const workspace = randomUUID()
    await emitAt(tx, workspace, SEPTEMBER)
    const late = '2026-12-15T00:00:00Z'
    expect(await forget(tx, late)).toBe(0)
    expect(await leaves(tx, '2025_10')).toBe(2)
    expect(await count(tx, `private.alerts where kind = 'months-not-dropped'`)).toBe(1)

    await stampEvents(tx)
    expect(await forget(tx, late)).toBe(2)
    expect(await count(tx, `private.alerts where kind = 'months-not-dropped'`)).toBe(0)
  }))

test('a month of which something is still being delivered stays', () =>
  withLeaves([SEPTEMBER], async (tx) => {
    const { endpoint } = await createEndpoint(tx)
    await tx.query(`update public.webhook_endpoints set created_at = '2025-01-01' where id = $1`, [
      endpoint.id,
    ])
    await emitAt(tx, endpoint.workspace_id, SEPTEMBER)
    await stampEvents(tx)
    expect(await forget(tx)).toBe(0)
    await tx.query('delete from private.delivery_jobs')
    expect(await forget(tx)).toBe(1)
  }))

test('while the sequencer does not know what it has stamped, nothing is dropped', () =>
  withLeaves([SEPTEMBER], async (tx) => {
    await tx.query('truncate private.unstamped_events, private.sequencer_progress')
    expect(await forget(tx)).toBe(0)
  }))

test('dropping never waits long behind a writer, and makes nobody wait behind it', async () => {
  const [writer, keeper] = [await connect(), await connect()]
  for (const parent of ['public.events', 'public.event_positions']) {
    await keeper.query('select private.create_leaf($1, $2)', [parent, SEPTEMBER])
  }
  await writer.query('begin')
  await writer.query(
    `insert into public.events (workspace_id, type, subject_type, subject_id)
     values (gen_random_uuid(), 'post.created', 'post', gen_random_uuid())`,
  )
  expect(await forget(keeper)).toBe(0)
  expect(await leaves(keeper, '2025_09')).toBe(2)
  await writer.query('commit')
  expect(await forget(keeper)).toBe(1)
  await disconnect(writer)
  await disconnect(keeper)
})
