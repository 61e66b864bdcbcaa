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
  readEndpoint,
  settleAll,
  stamp,
} from '../../helpers/webhooks.ts'

const HOUR = 3_600
const DAY = 24 * HOUR
const failingEndpoint = async (tx: Tx) => {
  const made = await createEndpoint(tx)
  await emit(tx, made.endpoint.workspace_id)
  return made
}

const warnings = async (tx: Tx) => ({
  events: (
    await tx.query(`select data from public.events where type = 'webhook_endpoint.failing'`)
  ).rows.map(({ data }) => data),
  emails: (
    await tx.query(`select user_id from private.emails where kind = 'webhook_endpoint.failing'`)
  ).rows.map(({ user_id }) => user_id),
})

test('a day without one success is told, by an event and by e-mail, and not before', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await failingEndpoint(tx)
    await failAt(tx, [0, DAY - 1])
    expect(await warnings(tx)).toEqual({ events: [], emails: [] })
    await failAt(tx, [DAY + 60])
    const { events, emails } = await warnings(tx)
    expect(events).toEqual([
      { endpoint_id: endpoint.id, url: endpoint.url, failing_since: expect.any(String) },
    ])
    expect(emails).toEqual([person.id])
    expect(await readEndpoint(tx, endpoint.id)).toMatchObject({ status: 'enabled' })
  }))

test('the others of its workspace hear of it, the endpoint itself does not', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await failingEndpoint(tx)
    await failAt(tx, [0, DAY])
    const { endpoint: other } = await createEndpoint(tx, {}, person)
    await tx.query(`update public.webhook_endpoints set created_at = '-infinity' where id = $1`, [
      other.id,
    ])
    await stamp(tx)
    const types = async ({ id }: { id: string }) =>
      (
        await tx.query(
          'select event_type from public.webhook_deliveries where endpoint_id = $1 order by id',
          [id],
        )
      ).rows.map(({ event_type }) => event_type)
    expect(await types(endpoint)).toEqual(['post.published'])
    expect(await types(other)).toEqual(['webhook_endpoint.failing'])
  }))

test('it is told once, however long it goes on', () =>
  withTx(async (tx) => {
    await failingEndpoint(tx)
    await failAt(tx, [0, DAY, DAY + HOUR, 2 * DAY, 3 * DAY])
    expect((await warnings(tx)).events).toHaveLength(1)
  }))

test('what fails again for a day after a success is told again', () =>
  withTx(async (tx) => {
    const { endpoint } = await failingEndpoint(tx)
    await failAt(tx, [0, DAY])
    await settleAll(tx, await claim(tx, { now: at(DAY + 60) }), delivered, at(DAY + 60))
    expect(await readEndpoint(tx, endpoint.id)).toMatchObject({ warned_at: null })
    await emit(tx, endpoint.workspace_id)
    await failAt(tx, [2 * DAY, 3 * DAY])
    expect((await warnings(tx)).events).toHaveLength(2)
  }))

test('an endpoint that was enabled again begins anew', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await failingEndpoint(tx)
    await failAt(tx, [0, DAY])
    for (const status of ['disabled', 'enabled']) {
      await callAs(tx, person, 'public.update_webhook_endpoint($1, $2)', [endpoint.id, { status }])
    }
    expect(await readEndpoint(tx, endpoint.id)).toMatchObject({
      failing_since: null,
      warned_at: null,
    })
  }))

test('one that is disabled at the same moment is not warned of besides', () =>
  withTx(async (tx) => {
    await failingEndpoint(tx)
    await failAt(tx, [0])
    await tx.query(`update public.webhook_endpoints set failing_since = $1`, [at(-5 * DAY)])
    await failAt(tx, [60])
    expect((await warnings(tx)).events).toEqual([])
  }))
