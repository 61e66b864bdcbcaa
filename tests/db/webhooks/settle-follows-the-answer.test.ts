import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  at,
  callAs,
  claim,
  createEndpoint,
  delivered,
  emit,
  failAt,
  NOW,
  readDeliveries,
  readEndpoint,
  resultOf,
  retry,
  settle,
  settleAll,
  tick,
} from '../../helpers/webhooks.ts'

const DAY = 86_400

const endpointWith = async (tx: Tx, events = 1, options: Record<string, unknown> = {}) => {
  const made = await createEndpoint(tx, options)
  await emit(tx, made.endpoint.workspace_id, 'post.published', events)
  return made
}

const eventsOf = async (tx: Tx, subjectId: string) =>
  (
    await tx.query('select type, data from public.events where subject_id = $1 order by id', [
      subjectId,
    ])
  ).rows

test('2xx ends a delivery, and its job is gone', () =>
  withTx(async (tx) => {
    const { endpoint } = await endpointWith(tx)
    await settleAll(tx, await claim(tx), delivered)
    expect(await readDeliveries(tx, endpoint.id)).toMatchObject([
      { status: 'delivered', attempt_count: 1, next_attempt_at: null, failure: null },
    ])
    expect((await tx.query('select from private.delivery_jobs')).rows).toEqual([])
  }))

test('a failure is tried again when its wait is over, not before', () =>
  withTx(async (tx) => {
    const { endpoint } = await endpointWith(tx)
    await settleAll(tx, await claim(tx), retry(300))
    expect(await readDeliveries(tx, endpoint.id)).toMatchObject([
      { status: 'pending', next_attempt_at: at(300) },
    ])
    expect((await claim(tx, { now: at(299) })).deliveries).toEqual([])
    const again = await claim(tx, { now: at(300) })
    expect(again.deliveries).toMatchObject([{ number: 2, failure_count: 1 }])
  }))

test('after the last try the delivery has failed, the endpoint has not', () =>
  withTx(async (tx) => {
    const { endpoint } = await endpointWith(tx)
    const exhausted = { outcome: 'failed', error: 'timeout' }
    await settleAll(tx, await claim(tx), exhausted)
    expect(await readDeliveries(tx, endpoint.id)).toMatchObject([
      { status: 'failed', failure: 'exhausted', next_attempt_at: null },
    ])
    expect(await readEndpoint(tx, endpoint.id)).toMatchObject({
      status: 'enabled',
      failing_since: NOW,
      failure_count: 1,
    })
  }))

test('410 disables the endpoint, says so, and fails what still waits for it', () =>
  withTx(async (tx) => {
    const { endpoint } = await endpointWith(tx, 3, { max_in_flight: 1 })
    await settleAll(tx, await claim(tx), { outcome: 'gone', http_status: 410, error: 'http-410' })

    expect(await readEndpoint(tx, endpoint.id)).toMatchObject({
      status: 'disabled',
      disabled_reason: 'gone',
    })
    expect(await eventsOf(tx, endpoint.id)).toMatchObject([
      { type: 'webhook_endpoint.disabled', data: { reason: 'gone', url: endpoint.url } },
    ])
    expect((await claim(tx)).deliveries).toEqual([])
    await tick(tx)
    expect((await readDeliveries(tx, endpoint.id)).map((row) => row.failure)).toEqual([
      'gone',
      'endpoint-disabled',
      'endpoint-disabled',
    ])
  }))

test('five days without one success disable it', () =>
  withTx(async (tx) => {
    const { endpoint } = await endpointWith(tx)
    await failAt(tx, [0, DAY, 2 * DAY, 3 * DAY, 4 * DAY, 5 * DAY - 1])
    expect(await readEndpoint(tx, endpoint.id)).toMatchObject({ status: 'enabled' })
    await failAt(tx, [5 * DAY + 60])
    expect(await readEndpoint(tx, endpoint.id)).toMatchObject({ disabled_reason: 'failing' })
    expect(await eventsOf(tx, endpoint.id)).toMatchObject([
      { type: 'webhook_endpoint.failing' },
      { type: 'webhook_endpoint.disabled', data: { failing_since: expect.any(String) } },
    ])
  }))

test('what we could not send is tried for as long as it takes, and no endpoint is blamed', () =>
  withTx(async (tx) => {
    const { endpoint } = await endpointWith(tx)
    const ours = retry(60, { error: 'proxy-unreachable', pause_ms: 60_000, is_our_fault: true })
    const alerts = async () =>
      (await tx.query(`select kind from private.alerts where kind = 'webhooks-unsendable'`)).rows
    for (const day of [0, 2, 4, 6]) {
      const now = at(day * DAY)
      const claimed = await claim(tx, { now })
      expect(claimed.deliveries).toMatchObject([{ failure_count: 0 }])
      await settleAll(tx, claimed, ours, now)
    }
    expect(await readEndpoint(tx, endpoint.id)).toMatchObject({
      status: 'enabled',
      failure_count: 0,
    })
    expect(await alerts()).toHaveLength(1)

    await settleAll(tx, await claim(tx, { now: at(6 * DAY + 60) }), delivered, at(6 * DAY + 61))
    await tick(tx, at(6 * DAY + 300))
    expect(await alerts()).toHaveLength(1)
    await tick(tx, at(6 * DAY + 1_801))
    expect(await alerts()).toEqual([])
  }))

test('one success starts the count again', () =>
  withTx(async (tx) => {
    const { endpoint } = await endpointWith(tx)
    await failAt(tx, [0, DAY])
    await settleAll(tx, await claim(tx, { now: at(2 * DAY) }), delivered, at(2 * DAY))
    expect(await readEndpoint(tx, endpoint.id)).toMatchObject({
      failing_since: null,
      last_failed_at: null,
      failure_count: 0,
    })
  }))

test('a failure long after the last try is the first of its own, not the fifth day', () =>
  withTx(async (tx) => {
    const { endpoint } = await endpointWith(tx)
    await settleAll(tx, await claim(tx), { outcome: 'failed', error: 'timeout' })
    await emit(tx, endpoint.workspace_id)
    await settleAll(tx, await claim(tx, { now: at(6 * DAY) }), retry(60), at(6 * DAY))
    expect(await readEndpoint(tx, endpoint.id)).toMatchObject({
      status: 'enabled',
      failing_since: at(6 * DAY),
      failure_count: 1,
    })
  }))

test('an endpoint that keeps failing gets two attempts at a time until one succeeds', () =>
  withTx(async (tx) => {
    const { endpoint } = await endpointWith(tx, 30, { max_in_flight: 10 })
    await settleAll(tx, await claim(tx), retry(3_600))
    const probing = await claim(tx)
    expect(probing.deliveries).toHaveLength(2)
    const [first] = probing.deliveries
    if (first) await settle(tx, [resultOf(first, delivered)])
    expect((await claim(tx)).deliveries).toHaveLength(9)
    expect(await readEndpoint(tx, endpoint.id)).toMatchObject({ failure_count: 0 })
  }))

test('an endpoint that asks for a rest gets nothing until it is over', () =>
  withTx(async (tx) => {
    await endpointWith(tx, 5, { max_in_flight: 1 })
    await settleAll(tx, await claim(tx), retry(120, { pause_ms: 120_000 }))
    expect((await claim(tx, { now: at(119) })).deliveries).toEqual([])
    expect((await claim(tx, { now: at(120) })).deliveries).toHaveLength(1)
  }))

test('a repeated settle changes nothing', () =>
  withTx(async (tx) => {
    const { endpoint } = await endpointWith(tx)
    const batch = await claim(tx)
    expect(await settleAll(tx, batch, retry(5))).toMatchObject({ settled: 1 })
    expect(await settleAll(tx, batch, retry(900))).toMatchObject({ settled: 0 })
    expect(await readDeliveries(tx, endpoint.id)).toMatchObject([{ next_attempt_at: at(5) }])
    expect(await readEndpoint(tx, endpoint.id)).toMatchObject({ failure_count: 1 })
  }))

test('a replay sends the same delivery again from the start, under the same event', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await endpointWith(tx)
    const first = await claim(tx)
    await settleAll(tx, first, { outcome: 'failed', error: 'timeout' })
    const [failed] = await readDeliveries(tx, endpoint.id)

    await callAs(tx, person, 'public.replay_delivery($1)', [failed?.id])
    const again = await claim(tx)
    expect(again.deliveries).toMatchObject([{ id: failed?.id, number: 2, failure_count: 0 }])
    expect(again.deliveries[0]?.event).toEqual(first.deliveries[0]?.event)
    await settleAll(tx, again, delivered)
    expect(await readDeliveries(tx, endpoint.id)).toMatchObject([
      { status: 'delivered', failure: null, attempt_count: 2 },
    ])
  }))

test('a replay of one that waits sends it now', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await endpointWith(tx)
    await settleAll(tx, await claim(tx), retry(86_400))
    const [waiting] = await readDeliveries(tx, endpoint.id)
    await callAs(tx, person, 'public.replay_delivery($1)', [waiting?.id])
    expect((await claim(tx)).deliveries).toHaveLength(1)
  }))

test('a replay of what arrived is sent, though an earlier attempt reports only then', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await endpointWith(tx)
    const first = await claim(tx)
    await settleAll(tx, await claim(tx, { now: at(61) }), delivered, at(62))
    const [arrived] = await readDeliveries(tx, endpoint.id)
    await callAs(tx, person, 'public.replay_delivery($1)', [arrived?.id])

    await settleAll(tx, first, delivered, at(63))
    expect(await readDeliveries(tx, endpoint.id)).toMatchObject([{ status: 'pending' }])
    const replayed = await claim(tx, { now: at(64) })
    expect(replayed.deliveries).toMatchObject([{ id: arrived?.id, number: 3 }])
    await settleAll(tx, replayed, delivered, at(65))
    expect(await readDeliveries(tx, endpoint.id)).toMatchObject([
      { status: 'delivered', attempt_count: 3 },
    ])
  }))

test('a success that decides nothing hides no answer that does', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await endpointWith(tx)
    const first = await claim(tx)
    await settleAll(tx, await claim(tx, { now: at(61) }), delivered, at(62))
    const [arrived] = await readDeliveries(tx, endpoint.id)
    await callAs(tx, person, 'public.replay_delivery($1)', [arrived?.id])
    const replayed = await claim(tx, { now: at(63) })

    const results = [
      ...first.deliveries.map((delivery) => resultOf(delivery, delivered)),
      ...replayed.deliveries.map((delivery) => resultOf(delivery, retry(300))),
    ]
    await settle(tx, results, at(64))
    expect(await readDeliveries(tx, endpoint.id)).toMatchObject([
      { status: 'pending', next_attempt_at: at(364) },
    ])
  }))

test('a replay is not put off by an attempt before it that fails only then', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await endpointWith(tx)
    const first = await claim(tx)
    const second = await claim(tx, { now: at(61) })
    await settleAll(tx, first, delivered, at(62))
    const [arrived] = await readDeliveries(tx, endpoint.id)
    await callAs(tx, person, 'public.replay_delivery($1)', [arrived?.id])

    await settleAll(tx, second, retry(300), at(63))
    expect((await claim(tx, { now: at(64) })).deliveries).toMatchObject([
      { id: arrived?.id, number: 3, failure_count: 0 },
    ])
  }))

test('a replay of a replay that failed is fenced from what was before both', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await endpointWith(tx)
    const first = await claim(tx)
    await settleAll(tx, await claim(tx, { now: at(61) }), delivered, at(62))
    const [arrived] = await readDeliveries(tx, endpoint.id)
    const replay = () => callAs(tx, person, 'public.replay_delivery($1)', [arrived?.id])
    await replay()
    const failed = { outcome: 'failed', error: 'timeout' }
    await settleAll(tx, await claim(tx, { now: at(63) }), failed, at(64))
    await replay()

    await settleAll(tx, first, delivered, at(65))
    expect((await claim(tx, { now: at(66) })).deliveries).toMatchObject([{ number: 4 }])
  }))

test('a replay of what failed ends with the success of an earlier attempt', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await endpointWith(tx)
    const first = await claim(tx)
    const failed = { outcome: 'failed', error: 'timeout' }
    await settleAll(tx, await claim(tx, { now: at(61) }), failed, at(62))
    const [given] = await readDeliveries(tx, endpoint.id)
    await callAs(tx, person, 'public.replay_delivery($1)', [given?.id])

    await settleAll(tx, first, delivered, at(63))
    expect(await readDeliveries(tx, endpoint.id)).toMatchObject([{ status: 'delivered' }])
    expect((await claim(tx, { now: at(64) })).deliveries).toEqual([])
  }))

test('a replay never gets the number of an attempt that is still under way', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await endpointWith(tx)
    const first = await claim(tx)
    const second = await claim(tx, { now: at(61) })
    await settleAll(tx, first, delivered, at(62))
    const [ended] = await readDeliveries(tx, endpoint.id)
    expect(ended).toMatchObject({ status: 'delivered', attempt_count: 2 })

    await callAs(tx, person, 'public.replay_delivery($1)', [ended?.id])
    const replayed = await claim(tx, { now: at(63) })
    expect(replayed.deliveries).toMatchObject([{ id: ended?.id, number: 3 }])
    await settleAll(tx, second, retry(300), at(64))
    await settleAll(tx, replayed, retry(5), at(64))
    expect(await readDeliveries(tx, endpoint.id)).toMatchObject([
      { status: 'pending', next_attempt_at: at(69) },
    ])
  }))
