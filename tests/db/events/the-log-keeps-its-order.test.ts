import { expect, test } from 'vitest'
import { asOwner, asUser, signUp } from '../../helpers/callers.ts'
import { connect, disconnect, withTx } from '../../helpers/database.ts'
import { emitEvent, listEvents, stampEvents } from '../../helpers/events.ts'

test('events of one transaction are stamped in the order they were written', () =>
  withTx(async (tx) => {
    const { workspaceId } = await signUp(tx)
    const ids: string[] = []
    for (let count = 0; count < 50; count += 1) ids.push(await emitEvent(tx, workspaceId))

    await stampEvents(tx)

    expect((await listEvents(tx, workspaceId)).map(({ id }) => id)).toEqual(ids)
  }))

test('each workspace counts from one without a gap, whatever else is stamped with it', () =>
  withTx(async (tx) => {
    const [a, b] = [await signUp(tx), await signUp(tx)]
    for (const { workspaceId } of [a, b, a, a, b, a]) await emitEvent(tx, workspaceId)

    expect([await stampEvents(tx, 4), await stampEvents(tx, 4), await stampEvents(tx, 4)]).toEqual([
      4, 2, 0,
    ])

    const sequences = async (id: string) =>
      (await listEvents(tx, id)).map(({ sequence }) => sequence)
    expect(await sequences(a.workspaceId)).toEqual([1, 2, 3, 4])
    expect(await sequences(b.workspaceId)).toEqual([1, 2])
  }))

test('an event is not listed before it is stamped', () =>
  withTx(async (tx) => {
    const { workspaceId } = await signUp(tx)
    await emitEvent(tx, workspaceId)
    await stampEvents(tx)
    await emitEvent(tx, workspaceId)

    expect(await listEvents(tx, workspaceId)).toHaveLength(1)
    expect(await listEvents(tx, workspaceId, 1)).toEqual([])
  }))

test('a stamp is never changed', () =>
  withTx(async (tx) => {
    const { workspaceId } = await signUp(tx)
    await emitEvent(tx, workspaceId)
    await stampEvents(tx)
    const before = await listEvents(tx, workspaceId)
    await emitEvent(tx, workspaceId)
    await stampEvents(tx)

    expect((await listEvents(tx, workspaceId))[0]).toEqual(before[0])
  }))

test('a page holds what was asked for, at most 100 events, and never the audit', () =>
  withTx(async (tx) => {
    const { id, workspaceId } = await signUp(tx)
    for (let count = 0; count < 105; count += 1) await emitEvent(tx, workspaceId)
    await stampEvents(tx)
    await asUser(tx, id)

    expect(await listEvents(tx, workspaceId, 0, 3)).toHaveLength(3)
    expect(await listEvents(tx, workspaceId, 0, 1_000_000)).toHaveLength(100)
    expect(await listEvents(tx, workspaceId, 104, 0)).toHaveLength(1)
    const [event] = await listEvents(tx, workspaceId, 100, 1)
    expect(event).toMatchObject({ sequence: 101, type: 'post.created', actor_type: 'system' })
    expect(event).not.toHaveProperty('changes')
  }))

test('an event names who caused it', () =>
  withTx(async (tx) => {
    const { id, workspaceId } = await signUp(tx)
    await tx.query(`select set_config('request.jwt.claims', $1, true)`, [
      JSON.stringify({ sub: id, role: 'authenticated' }),
    ])
    await emitEvent(tx, workspaceId)
    await asOwner(tx)
    await stampEvents(tx)

    expect(await listEvents(tx, workspaceId)).toMatchObject([{ actor_type: 'user', actor_id: id }])
  }))

test('a second sequencer does not wait for the first, and takes nothing from it', async () => {
  const [first, second] = [await connect(), await connect()]
  const { workspaceId } = await signUp(first)
  await emitEvent(first, workspaceId)
  await first.query('begin')
  expect(await stampEvents(first)).toBeGreaterThan(0)

  expect(await stampEvents(second)).toBe(0)
  await first.query('rollback')

  expect(await stampEvents(second)).toBeGreaterThan(0)
  expect(await listEvents(second, workspaceId)).toMatchObject([{ sequence: 1 }])
  await disconnect(first)
  await disconnect(second)
})
