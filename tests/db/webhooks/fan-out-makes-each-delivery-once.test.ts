import { expect, test } from 'vitest'
import { signUp } from '../../helpers/callers.ts'
import { connect, withTx } from '../../helpers/database.ts'
import { connectAccount } from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'
import { claim, createEndpoint, emit, readDeliveries, stamp } from '../../helpers/webhooks.ts'

test('one delivery per event and endpoint, however many workers stamp at once', async () => {
  const tx = await connect()
  const { endpoint, person } = await createEndpoint(tx)
  const { endpoint: second } = await createEndpoint(tx, {}, person)
  const events = await emit(tx, endpoint.workspace_id, 'post.published', 50)

  await race(6, (client) => stamp(client))
  await stamp(tx)

  for (const { id } of [endpoint, second]) {
    const deliveries = await readDeliveries(tx, id)
    expect(deliveries.map((row) => row.event_id).sort()).toEqual([...events].sort())
  }
})

test('a crash between stamping and its commit leaves neither behind, and nothing is lost', async () => {
  const [tx, dying] = [await connect(), await connect()]
  const { endpoint } = await createEndpoint(tx)
  const [event] = await emit(tx, endpoint.workspace_id)

  await dying.query('begin')
  await stamp(dying)
  await dying.query('rollback')
  expect(await readDeliveries(tx, endpoint.id)).toEqual([])

  await stamp(tx)
  expect(await readDeliveries(tx, endpoint.id)).toMatchObject([{ event_id: event }])
})

test('an event that commits late is neither skipped nor doubled', async () => {
  const [tx, slow] = [await connect(), await connect()]
  const { endpoint } = await createEndpoint(tx)
  await slow.query('begin')
  const [late] = await emit(slow, endpoint.workspace_id)
  const [early] = await emit(tx, endpoint.workspace_id)
  await stamp(tx)
  await slow.query('commit')
  await stamp(tx)

  const deliveries = await readDeliveries(tx, endpoint.id)
  expect(deliveries.map((row) => row.event_id)).toEqual([early, late])
})

test('endpoints get only the types they want, and nothing of other workspaces', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await createEndpoint(tx, { event_types: ['post.failed'] })
    const { endpoint: all } = await createEndpoint(tx, {}, person)
    const { endpoint: foreign } = await createEndpoint(tx)
    const [failed] = await emit(tx, person.workspaceId, 'post.failed')
    const [published] = await emit(tx, person.workspaceId, 'post.published')
    await stamp(tx)

    const ids = async (id: string) => (await readDeliveries(tx, id)).map((row) => row.event_id)
    expect(await ids(endpoint.id)).toEqual([failed])
    expect(await ids(all.id)).toEqual([failed, published])
    expect(await ids(foreign.id)).toEqual([])
  }))

test('endpoints that name accounts get their events, and none that concern no account', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const { person } = account
    const other = await connectAccount(tx, person)
    const { endpoint } = await createEndpoint(tx, { account_ids: [account.id] }, person)
    const { endpoint: all } = await createEndpoint(tx, {}, person)
    const about = async (data: object) =>
      (
        await tx.query<{ id: string }>(
          `insert into public.events (workspace_id, type, subject_type, subject_id, data)
           values ($1, 'post.published', 'post', gen_random_uuid(), $2) returning id`,
          [person.workspaceId, data],
        )
      ).rows[0]?.id
    const mine = await about({ account_id: account.id })
    const others = await about({ account_id: other.id })
    const nobodys = await about({})
    await stamp(tx)

    const ids = async (id: string) => (await readDeliveries(tx, id)).map((row) => row.event_id)
    expect(await ids(endpoint.id)).toEqual([mine])
    expect(await ids(all.id)).toEqual([mine, others, nobodys])
  }))

test('an endpoint gets what happens after it was made, however late that is stamped', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    await emit(tx, person.workspaceId)
    const { endpoint } = await createEndpoint(tx, {}, person)
    const [after] = await emit(tx, person.workspaceId)
    await stamp(tx)
    expect(await readDeliveries(tx, endpoint.id)).toMatchObject([{ event_id: after }])
  }))

test('a worker that stamps gets what it has just made, in order', () =>
  withTx(async (tx) => {
    const { endpoint } = await createEndpoint(tx)
    const events = await emit(tx, endpoint.workspace_id, 'post.published', 5)
    const { deliveries } = await claim(tx)
    const mine = deliveries.filter((it) => it.endpoint_id === endpoint.id)
    expect(mine.map((it) => it.event.id)).toEqual(events)
    expect(mine.map((it) => it.event.sequence)).toEqual([1, 2, 3, 4, 5])
  }))
