import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { connect, disconnect } from '../../helpers/database.ts'
import { emitEvent, listEvents, stampEvents } from '../../helpers/events.ts'
import { race } from '../../helpers/race.ts'

test('an event written before, but committed after another was read, comes later in the log', async () => {
  const workspace = randomUUID()
  const [slow, fast] = [await connect(), await connect()]
  await slow.query('begin')
  const late = await emitEvent(slow, workspace)
  const early = await emitEvent(fast, workspace)
  await stampEvents(fast)
  const first = await listEvents(fast, workspace)
  const cursor = first.at(-1)?.sequence ?? 0

  await slow.query('commit')
  await stampEvents(fast)
  const second = await listEvents(fast, workspace, cursor)

  expect(first.map(({ id }) => id)).toEqual([early])
  expect(second.map(({ id }) => id)).toEqual([late])
  expect(late < early).toBe(true)
  await disconnect(slow)
  await disconnect(fast)
})

test('a reader who follows its cursor while many write and stamp sees every event once, in order', async () => {
  const workspaces = [randomUUID(), randomUUID(), randomUUID()]
  const [writers, perWriter] = [6, 25]
  const written = new Map<string, string[]>(workspaces.map((id) => [id, []]))
  let writing = writers
  const seen = new Map<string, { id: string; sequence: number }[]>(workspaces.map((id) => [id, []]))
  const readOn = async (client: Parameters<typeof listEvents>[0], workspace: string) => {
    const log = seen.get(workspace) ?? []
    log.push(...(await listEvents(client, workspace, log.at(-1)?.sequence ?? 0, 7)))
  }

  const results = await race(writers + 2, async (client, index) => {
    if (index >= writers) {
      while (writing > 0) {
        await stampEvents(client, 5)
        if (index === writers) for (const workspace of workspaces) await readOn(client, workspace)
      }
      return
    }
    for (let count = 0; count < perWriter; count += 1) {
      const workspace = workspaces[(index + count) % workspaces.length] ?? ''
      await client.query('begin')
      const ids = [await emitEvent(client, workspace), await emitEvent(client, workspace)]
      // Every fifth transaction is given up: what it wrote must leave no gap.
      const isKept = count % 5 !== 0
      await client.query(isKept ? 'commit' : 'rollback')
      if (isKept) written.get(workspace)?.push(...ids)
    }
    writing -= 1
  })
  expect(results.map(({ status }) => status)).not.toContain('rejected')

  const client = await connect()
  while ((await stampEvents(client)) > 0) {}
  for (const workspace of workspaces) {
    const log = seen.get(workspace) ?? []
    for (let before = -1; before < log.length; ) {
      before = log.length
      await readOn(client, workspace)
    }
    expect(log.map(({ id }) => id).sort()).toEqual([...(written.get(workspace) ?? [])].sort())
    expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, index) => index + 1))
  }
  await disconnect(client)
})
