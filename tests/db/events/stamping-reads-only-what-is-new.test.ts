import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { connect, disconnect, type Tx, withTx } from '../../helpers/database.ts'
import { emitEvent, listEvents, stampEvents } from '../../helpers/events.ts'

const emitMany = (tx: Tx, workspaceId: string, count: number) =>
  tx.query(
    `insert into public.events (workspace_id, type, subject_type, subject_id)
     select $1, 'post.created', 'post', gen_random_uuid() from generate_series(1, $2::int)`,
    [workspaceId, count],
  )

/** Entries of the queue's index this session has read and not reported yet, dead ones included. */
const entriesRead = async (tx: Tx): Promise<number> =>
  (
    await tx.query<{ read: number }>(
      `select pg_stat_get_xact_tuples_returned('private.unstamped_events_pkey'::regclass)::int as read`,
    )
  ).rows[0]?.read ?? 0

async function stampCounting(tx: Tx): Promise<{ stamped: number; read: number }> {
  await tx.query('begin')
  const before = await entriesRead(tx)
  const stamped = await stampEvents(tx)
  const read = (await entriesRead(tx)) - before
  await tx.query('commit')
  return { stamped, read }
}

/** What Postgres leaves of unlogged tables after a crash, on a promoted standby and in a restored copy. */
const crash = (tx: Tx) => tx.query('truncate private.unstamped_events, private.sequencer_progress')

const resume = async (tx: Tx): Promise<boolean | undefined> =>
  (await tx.query<{ done: boolean }>('select private.resume_stamping() as done')).rows[0]?.done

test('beside a transaction that stays open, a stamp costs what is new, not what was stamped', async () => {
  const [open, client, workspace] = [await connect(), await connect(), randomUUID()]
  await open.query('begin')
  await emitMany(open, workspace, 500)
  for (let round = 0; round < 10; round += 1) {
    await emitMany(client, workspace, 500)
    await stampEvents(client)
  }

  await emitMany(client, workspace, 20)
  expect(await stampCounting(client)).toEqual({ stamped: 20, read: 20 })
  expect(await stampCounting(client)).toEqual({ stamped: 0, read: 0 })

  await open.query('commit')
  expect(await stampCounting(client)).toEqual({ stamped: 500, read: 500 })
  await disconnect(open)
  await disconnect(client)
})

test('transactions that end in any order, long after their events, are each stamped when they end', async () => {
  const [client, workspace] = [await connect(), randomUUID()]
  const writers = await Promise.all(Array.from({ length: 4 }, () => connect()))
  const written: string[] = []
  for (const writer of writers) {
    await writer.query('begin')
    written.push(await emitEvent(writer, workspace))
    await emitEvent(client, workspace, randomUUID())
    await stampEvents(client)
  }
  for (const [index, end] of [
    [2, 'commit'],
    [0, 'rollback'],
    [3, 'commit'],
    [1, 'commit'],
  ] as const) {
    await writers[index]?.query(end)
    const before = (await listEvents(client, workspace)).length
    expect(await stampEvents(client)).toBe(end === 'commit' ? 1 : 0)
    const added = (await listEvents(client, workspace)).slice(before)
    expect(added.map(({ id }) => id)).toEqual(end === 'commit' ? [written[index]] : [])
  }
  await Promise.all([client, ...writers].map(disconnect))
})

test('a batch that is full leaves the rest to the next one, late commits included', async () => {
  const [late, client, workspace] = [await connect(), await connect(), randomUUID()]
  await stampEvents(client)
  await late.query('begin')
  const first = await emitEvent(late, workspace)
  await emitMany(client, workspace, 25)

  expect(await stampEvents(client, 10)).toBe(10)
  await late.query('commit')
  expect(await stampEvents(client, 10)).toBe(10)
  expect(await stampEvents(client, 10)).toBe(6)
  expect(await stampEvents(client, 10)).toBe(0)

  const log = await listEvents(client, workspace)
  expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, index) => index + 1))
  expect(log[10]?.id).toBe(first)
  await disconnect(late)
  await disconnect(client)
})

test('what the transaction of the sequencer itself writes afterwards is stamped, too', async () => {
  const [client, other, workspace] = [await connect(), await connect(), randomUUID()]
  await client.query('begin')
  const first = await emitEvent(client, workspace)
  // A younger transaction that has ended: what the sequencer's own wrote looks seen from there on.
  await emitEvent(other, randomUUID())
  await stampEvents(client)
  const second = await emitEvent(client, workspace)
  await client.query('commit')

  expect(await stampEvents(client)).toBe(1)
  expect((await listEvents(client, workspace)).map(({ id }) => id)).toEqual([first, second])
  await disconnect(other)
  await disconnect(client)
})

test('what a crash has made the sequencer forget is found again, once', () =>
  withTx(async (tx) => {
    const workspace = randomUUID()
    const before = [await emitEvent(tx, workspace), await emitEvent(tx, workspace)]
    await stampEvents(tx)
    const lost = [await emitEvent(tx, workspace), await emitEvent(tx, workspace)]
    await crash(tx)
    const after = await emitEvent(tx, workspace)

    expect(await stampEvents(tx)).toBe(0)
    expect([await resume(tx), await resume(tx)]).toEqual([true, false])
    expect([await stampEvents(tx), await stampEvents(tx)]).toEqual([3, 0])

    expect((await listEvents(tx, workspace)).map(({ id }) => id)).toEqual([
      ...before,
      ...lost,
      after,
    ])
  }))

test('an event that was being written while the sequencer began anew is stamped once', async () => {
  const [writer, client, workspace] = [await connect(), await connect(), randomUUID()]
  await crash(client)
  await writer.query('begin')
  const open = await emitEvent(writer, workspace)
  const done = await emitEvent(client, workspace)
  await resume(client)
  await stampEvents(client)
  await writer.query('commit')

  expect(await stampEvents(client)).toBe(1)
  expect((await listEvents(client, workspace)).map(({ id }) => id)).toEqual([done, open])
  await disconnect(writer)
  await disconnect(client)
})

test('after a restore nothing is believed about the transactions of another cluster', () =>
  withTx(async (tx) => {
    const workspace = randomUUID()
    await stampEvents(tx)
    await tx.query(`update private.sequencer_progress set seen_before = '9000000000000'`)
    const lost = await emitEvent(tx, workspace)
    await tx.query('select private.fork_events(now())')
    await resume(tx)

    await stampEvents(tx)
    expect((await listEvents(tx, workspace)).map(({ id }) => id)).toEqual([lost])
  }))
