import { expect, test } from 'vitest'
import type { Person } from '../../helpers/callers.ts'
import { connect, type Tx, withTx } from '../../helpers/database.ts'
import { race } from '../../helpers/race.ts'
import {
  at,
  callAs,
  claim,
  createEndpoint,
  delivered,
  type Endpoint,
  emit,
  readDeliveries,
  settleAll,
  stamp,
  tick,
} from '../../helpers/webhooks.ts'

type Recovered = { deliveries: number; has_more: boolean }
const HOUR_AGO = () => new Date(Date.now() - 3_600_000)

/** What the public function does, with batches of our size. */
const recover = (
  tx: Tx,
  person: Person,
  endpoint: Endpoint,
  kind: 'failed' | 'missing',
  { since = HOUR_AGO(), until = at(0), isDry = false, limit = 5_000 } = {},
) =>
  callAs<Recovered>(
    tx,
    person,
    'private.recover_deliveries($1, $2, $3, $4, $5, $6, clock_timestamp())',
    [endpoint.id, kind, since, until, isDry, limit],
  )

/** For a whole connection, as `callAs` does for one call of a transaction. */
const signIn = (client: Tx, { id }: Person) =>
  client.query(`select set_config('request.jwt.claims', $1, false)`, [
    JSON.stringify({ sub: id, role: 'authenticated' }),
  ])

const disable = (tx: Tx, person: Person, endpoint: Endpoint, status = 'disabled') =>
  callAs(tx, person, 'public.update_webhook_endpoint($1, $2)', [endpoint.id, { status }])

/** An endpoint with four failed deliveries, the last of which arrived after all. */
const failing = async (tx: Tx) => {
  const { endpoint, person } = await createEndpoint(tx)
  const events = await emit(tx, person.workspaceId, 'post.published', 4)
  const batch = await claim(tx)
  const [last] = batch.deliveries.slice(-1)
  await settleAll(
    tx,
    { ...batch, deliveries: batch.deliveries.filter((it) => it !== last) },
    { outcome: 'failed', error: 'timeout' },
  )
  await settleAll(tx, { ...batch, deliveries: last ? [last] : [] }, delivered)
  return { endpoint, person, events }
}

const statuses = async (tx: Tx, endpoint: Endpoint) =>
  (await readDeliveries(tx, endpoint.id)).map(({ status }) => status)

test('recovering sends again what failed, from the start, under the same event', () =>
  withTx(async (tx) => {
    const { endpoint, person, events } = await failing(tx)
    expect(await recover(tx, person, endpoint, 'failed', { isDry: true })).toEqual({
      deliveries: 3,
      has_more: false,
    })
    expect(await statuses(tx, endpoint)).toEqual(['failed', 'failed', 'failed', 'delivered'])

    expect(await recover(tx, person, endpoint, 'failed')).toMatchObject({ deliveries: 3 })
    expect(await recover(tx, person, endpoint, 'failed')).toMatchObject({ deliveries: 0 })
    const again = await claim(tx)
    expect(again.deliveries.map(({ event }) => event.id)).toEqual(events.slice(0, 3))
    expect(again.deliveries[0]).toMatchObject({ number: 2, failure_count: 0 })
    await settleAll(tx, again, delivered)
    expect(await statuses(tx, endpoint)).toEqual(Array(4).fill('delivered'))
  }))

test('a period is recovered, and nothing beyond it', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await failing(tx)
    const none = { deliveries: 0, has_more: false }
    const before = { since: HOUR_AGO(), until: new Date(Date.now() - 60_000) }
    expect(await recover(tx, person, endpoint, 'failed', before)).toEqual(none)
    expect(await recover(tx, person, endpoint, 'failed', { since: at(0), until: at(9) })).toEqual(
      none,
    )
  }))

test('what happened while the endpoint was disabled, or before it was made, is delivered in order', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await createEndpoint(tx, { event_types: ['post.published'] })
    await settleAll(tx, await claim(tx), delivered)
    await disable(tx, person, endpoint)
    const missed = await emit(tx, person.workspaceId, 'post.published', 3)
    await emit(tx, person.workspaceId, 'post.failed')
    await tick(tx)
    await disable(tx, person, endpoint, 'enabled')
    const { endpoint: newer } = await createEndpoint(
      tx,
      { event_types: ['post.published'] },
      person,
    )
    for (const one of [endpoint, newer]) {
      expect(await recover(tx, person, one, 'missing', { isDry: true })).toMatchObject({
        deliveries: 3,
      })
      expect(await recover(tx, person, one, 'missing')).toMatchObject({ deliveries: 3 })
      expect(await recover(tx, person, one, 'missing')).toMatchObject({ deliveries: 0 })
      expect((await readDeliveries(tx, one.id)).map((row) => row.event_id)).toEqual(missed)
    }
    const { deliveries } = await claim(tx)
    expect(deliveries.filter((it) => it.endpoint_id === newer.id).map((it) => it.event.id)).toEqual(
      missed,
    )
  }))

test('large ones go in batches, and the next call takes up where the last one ended', () =>
  withTx(async (tx) => {
    const { person } = await createEndpoint(tx)
    const events = await emit(tx, person.workspaceId, 'post.published', 5)
    await stamp(tx)
    const { endpoint } = await createEndpoint(tx, { event_types: ['post.published'] }, person)
    const batch = () => recover(tx, person, endpoint, 'missing', { limit: 2 })
    expect(await batch()).toEqual({ deliveries: 2, has_more: true })
    expect(await batch()).toEqual({ deliveries: 2, has_more: true })
    expect(await batch()).toEqual({ deliveries: 1, has_more: false })
    expect((await readDeliveries(tx, endpoint.id)).map((row) => row.event_id)).toEqual(events)
  }))

test('a disabled endpoint recovers nothing', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await failing(tx)
    await disable(tx, person, endpoint)
    const refusal = await recover(tx, person, endpoint, 'failed').catch((error) => error)
    expect(refusal).toMatchObject({ code: 'PT409', message: 'webhook-endpoint-disabled' })
  }))

test('two people who recover at once, while events are stamped, make each delivery once', async () => {
  const tx = await connect()
  const { person } = await createEndpoint(tx)
  const events = await emit(tx, person.workspaceId, 'post.published', 40)
  await stamp(tx)
  const { endpoint } = await createEndpoint(tx, { event_types: ['post.published'] }, person)
  events.push(...(await emit(tx, person.workspaceId, 'post.published', 40)))

  const recoverSome = (client: Tx) =>
    client.query(
      `select private.recover_deliveries($1, 'missing', $2, $3, false, 15, clock_timestamp())`,
      [endpoint.id, HOUR_AGO(), at(0)],
    )
  const results = await race(4, async (client) => {
    await signIn(client, person)
    await recoverSome(client)
    await stamp(client)
    await recoverSome(client)
  })
  expect(results.filter((it) => it.status === 'rejected')).toEqual([])
  await signIn(tx, person)
  await stamp(tx)
  for (let batch = 0; batch < 6; batch += 1) await recoverSome(tx)
  const made = (await readDeliveries(tx, endpoint.id)).map((row) => row.event_id)
  expect(made.sort()).toEqual(events.sort())
})
