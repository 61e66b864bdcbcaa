import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { connect, disconnect, type Tx } from '../../helpers/database.ts'
import { emitEvent, type ListedEvent, stampEvents } from '../../helpers/events.ts'
import { race } from '../../helpers/race.ts'

type Page = { events: ListedEvent[]; read_to: number | null; has_more: boolean }

const readPage = async (tx: Tx, workspace: string, after: number, limit: number, filter = {}) =>
  (
    await tx.query<{ page: Page }>('select public.list_events($1, $2, $3, $4) as page', [
      workspace,
      after,
      limit,
      filter,
    ])
  ).rows[0]?.page as Page

test('readers who poll while sixteen writers commit late and out of order see each event once, in order', async () => {
  const workspace = randomUUID()
  const [writers, transactions] = [16, 12]
  const committed: string[] = []
  const readers: ListedEvent[][] = [[], []]
  let writing = writers
  const readOn = async (client: Tx, log: ListedEvent[]): Promise<boolean> => {
    const page = await readPage(client, workspace, log.at(-1)?.sequence ?? 0, 7)
    log.push(...page.events)
    return page.events.length > 0
  }

  const results = await race(writers + 2, async (client, index) => {
    const log = readers[index - writers]
    if (log) {
      while (writing > 0) {
        await stampEvents(client, 11)
        await readOn(client, log)
      }
      return
    }
    for (let number = 0; number < transactions; number += 1) {
      await client.query('begin')
      const ids = [await emitEvent(client, workspace)]
      // Others commit meanwhile: how long this stays open is up to the database and the machine.
      await client.query('select pg_sleep(random() / 50)')
      ids.push(await emitEvent(client, workspace))
      const isKept = (index + number) % 5 !== 0
      await client.query(isKept ? 'commit' : 'rollback')
      if (isKept) committed.push(...ids)
    }
    writing -= 1
  })
  expect(results.map(({ status }) => status)).not.toContain('rejected')

  const client = await connect()
  while ((await stampEvents(client)) > 0) {}
  for (const log of readers) {
    while (await readOn(client, log)) {}
    expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, index) => index + 1))
    expect(log.map(({ id }) => id).sort()).toEqual([...committed].sort())
  }
  await disconnect(client)
}, 60_000)

test('a filtered reader is led past what it does not want, in pages that look at 2,000 events', async () => {
  const client = await connect()
  const [workspace, account] = [randomUUID(), randomUUID()]
  const emit = (type: string, count: number, data: object = {}) =>
    client.query(
      `insert into public.events (workspace_id, type, subject_type, subject_id, data)
       select $1, $2, 'post', $5, $4 from generate_series(1, $3::int)`,
      [workspace, type, count, data, account],
    )
  await emit('post.created', 2500, { account_id: randomUUID() })
  await emit('post.failed', 2)
  await emit('post.published', 3, { account_id: account })
  while ((await stampEvents(client)) > 0) {}
  const filter = { types: ['post.failed', 'post.published'] }

  const first = await readPage(client, workspace, 0, 3, filter)
  expect(first).toEqual({ events: [], read_to: 2000, has_more: true })
  const second = await readPage(client, workspace, 2000, 3, filter)
  expect(second).toMatchObject({ read_to: 2503, has_more: true })
  expect(second.events.map(({ sequence }) => sequence)).toEqual([2501, 2502, 2503])
  const third = await readPage(client, workspace, 2503, 3, filter)
  expect(third).toMatchObject({ read_to: 2505, has_more: false })
  expect(third.events).toHaveLength(2)

  const ofAccount = { account_id: account, types: ['post.published'] }
  expect((await readPage(client, workspace, 2400, 100, ofAccount)).events).toHaveLength(3)
  expect(
    (await readPage(client, workspace, 2400, 100, { subject_id: randomUUID() })).events,
  ).toEqual([])
  await disconnect(client)
})

test('who starts from the end reads nothing of before, and everything that gets its place later', async () => {
  const client = await connect()
  const workspace = randomUUID()
  const end = async () =>
    (
      await client.query<{ end: { last_sequence: number | null } }>(
        'select public.end_of_events($1) as end',
        [workspace],
      )
    ).rows[0]?.end.last_sequence
  expect(await end()).toBeNull()
  await emitEvent(client, workspace)
  while ((await stampEvents(client)) > 0) {}
  const unstamped = await emitEvent(client, workspace)
  const from = await end()
  expect(from).toBe(1)
  const later = await emitEvent(client, workspace)
  while ((await stampEvents(client)) > 0) {}
  const { events } = await readPage(client, workspace, Number(from), 100)
  expect(events.map(({ id }) => id)).toEqual([unstamped, later])
  await disconnect(client)
})
