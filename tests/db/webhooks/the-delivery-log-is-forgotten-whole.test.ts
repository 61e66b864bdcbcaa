import { expect, test } from 'vitest'
import type { Person } from '../../helpers/callers.ts'
import { connect, disconnect, type Tx, withTx } from '../../helpers/database.ts'
import { stampEvents } from '../../helpers/events.ts'
import { count } from '../../helpers/publishing.ts'
import { callAs, createEndpoint, type Endpoint } from '../../helpers/webhooks.ts'

const NOW = '2026-11-15T00:00:00Z'
const JULY = '2026-07-10T00:00:00Z'
const AUGUST = '2026-08-10T00:00:00Z'
const PARENTS = ['events', 'event_positions', 'webhook_deliveries', 'webhook_attempts']

const makeLeaves = async (tx: Tx, months: string[]) => {
  for (const parent of PARENTS) {
    for (const month of months) {
      await tx.query('select private.create_leaf($1, $2)', [`public.${parent}`, month])
    }
  }
}

/** A delivery that failed in a month, with one attempt, of an event of another. */
const failedIn = async (tx: Tx, endpoint: Endpoint, month: string, eventMonth = month) => {
  const { rows } = await tx.query<{ id: string }>(
    `with event as (
       insert into public.events (id, workspace_id, type, subject_type, subject_id, created_at)
       values (private.uuid_v7($4), $1, 'post.created', 'post', $2, $4) returning id
     ), delivery as (
       insert into public.webhook_deliveries (
         id, workspace_id, endpoint_id, event_id, event_type, sequence, status, failure,
         attempt_count, created_at, finished_at
       )
       select private.uuid_v7($3), $1, $2, id, 'post.created', 1, 'failed', 'exhausted', 1, $3, $3
       from event returning id
     )
     insert into public.webhook_attempts (
       delivery_id, number, workspace_id, outcome, error, started_at
     )
     select id, 1, $1, 'failed', 'timeout', $3 from delivery returning delivery_id as id`,
    [endpoint.workspace_id, endpoint.id, month, eventMonth],
  )
  return rows[0]?.id ?? ''
}

const forget = async (tx: Tx, of: 'deliveries' | 'events' = 'deliveries', now = NOW) =>
  (await tx.query<{ dropped: number }>(`select private.forget_${of}($1) as dropped`, [now])).rows[0]
    ?.dropped

const leaves = (tx: Tx, month: string) =>
  count(tx, `pg_class where relname in ('webhook_deliveries_' || $1, 'webhook_attempts_' || $1)`, [
    month,
  ])

const recover = (tx: Tx, person: Person, endpoint: Endpoint, kind: string, since: string) =>
  callAs<{ deliveries: number }>(
    tx,
    person,
    'private.recover_deliveries($1, $2, $3, null, false, 100, $4)',
    [endpoint.id, kind, since, NOW],
  )

test('months past the policy go, deliveries with their attempts, and later ones stay', () =>
  withTx(async (tx) => {
    await makeLeaves(tx, [JULY, AUGUST])
    const { endpoint } = await createEndpoint(tx)
    await failedIn(tx, endpoint, JULY)
    await failedIn(tx, endpoint, AUGUST)
    expect(await forget(tx, 'deliveries', '2026-10-31T00:00:00Z')).toBe(0)
    expect(await forget(tx)).toBe(1)
    expect([await leaves(tx, '2026_07'), await leaves(tx, '2026_08')]).toEqual([0, 2])
    for (const table of ['webhook_deliveries', 'webhook_attempts']) {
      expect(await count(tx, `public.${table}`)).toBe(1)
    }
    expect(await forget(tx)).toBe(0)
  }))

test('a month of which something is still to be delivered stays, and says so', () =>
  withTx(async (tx) => {
    await makeLeaves(tx, [JULY])
    const { endpoint, person } = await createEndpoint(tx)
    const delivery = await failedIn(tx, endpoint, JULY)
    await callAs(tx, person, 'public.replay_delivery($1)', [delivery])
    expect(await forget(tx)).toBe(0)
    const alerts = `private.alerts where kind = 'months-not-dropped' and subject = $1`
    expect(await count(tx, alerts, ['public.webhook_deliveries'])).toBe(1)
    await tx.query('delete from private.delivery_jobs')
    expect(await forget(tx)).toBe(1)
    expect(await count(tx, alerts, ['public.webhook_deliveries'])).toBe(0)
  }))

test('a recovery from before what is kept of the deliveries says so, and sends nothing twice', () =>
  withTx(async (tx) => {
    await makeLeaves(tx, [JULY, AUGUST])
    const { endpoint, person } = await createEndpoint(tx)
    await failedIn(tx, endpoint, JULY)
    await failedIn(tx, endpoint, AUGUST)
    await stampEvents(tx)
    expect(await forget(tx)).toBe(1)
    for (const kind of ['failed', 'missing']) {
      await tx.query('savepoint refused')
      const refusal = await recover(tx, person, endpoint, kind, JULY).catch((error) => error)
      await tx.query('rollback to savepoint refused')
      expect(refusal).toMatchObject({
        code: 'PT410',
        message: 'log-expired',
        detail: 'What happened before 2026-08-01T00:00:00Z is kept no longer.',
      })
    }
    const { deliveries } = await recover(tx, person, endpoint, 'failed', '2026-08-01T00:00:00Z')
    expect(deliveries).toBe(1)
  }))

test('a recovery from before what is kept of the events says so', () =>
  withTx(async (tx) => {
    await makeLeaves(tx, [JULY, AUGUST])
    const { endpoint, person } = await createEndpoint(tx)
    await failedIn(tx, endpoint, JULY)
    await stampEvents(tx)
    await tx.query(`delete from private.delivery_jobs`)
    await tx.query(`update private.partition_policies set keep_months = 3`)
    expect(await forget(tx, 'events')).toBe(1)
    const refusal = await recover(tx, person, endpoint, 'missing', JULY).catch((error) => error)
    expect(refusal).toMatchObject({ code: 'PT410', message: 'log-expired' })
  }))

test('where nothing was forgotten a recovery may reach back to before the first day', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await createEndpoint(tx)
    expect(await recover(tx, person, endpoint, 'missing', JULY)).toMatchObject({ deliveries: 0 })
  }))

test('a delivery whose event is forgotten is neither replayed nor recovered, and says why', () =>
  withTx(async (tx) => {
    await makeLeaves(tx, [JULY, AUGUST])
    const { endpoint, person } = await createEndpoint(tx)
    const delivery = await failedIn(tx, endpoint, AUGUST, JULY)
    await tx.query('delete from public.events')
    expect(await recover(tx, person, endpoint, 'failed', AUGUST.slice(0, 10))).toMatchObject({
      deliveries: 0,
    })
    expect(await count(tx, 'private.delivery_jobs')).toBe(0)
    const refusal = await callAs(tx, person, 'public.replay_delivery($1)', [delivery]).catch(
      (error) => error,
    )
    expect(refusal).toMatchObject({ code: 'PT410', message: 'log-expired' })
  }))

// The last one: it commits.
test('what was replayed a moment before its month would go is still delivered', async () => {
  const [replaying, keeper] = [await connect(), await connect()]
  await makeLeaves(keeper, [JULY])
  const { endpoint, person } = await createEndpoint(keeper)
  const delivery = await failedIn(keeper, endpoint, JULY)
  await replaying.query('begin')
  await replaying.query(`select set_config('request.jwt.claims', $1, true)`, [
    JSON.stringify({ sub: person.id, role: 'authenticated' }),
  ])
  await replaying.query('select public.replay_delivery($1)', [delivery])
  for (const of of ['deliveries', 'events'] as const) {
    expect(await forget(keeper, of, '2029-01-01T00:00:00Z')).toBe(0)
  }
  await replaying.query('commit')
  expect(await forget(keeper)).toBe(0)
  expect(await count(keeper, 'public.webhook_deliveries')).toBe(1)
  for (const client of [replaying, keeper]) await disconnect(client)
})
