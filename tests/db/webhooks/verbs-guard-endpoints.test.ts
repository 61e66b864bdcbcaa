import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { asOwner, asUser, type Person, signUp } from '../../helpers/callers.ts'
import { connect, type Tx, withTx } from '../../helpers/database.ts'
import { connectAccount } from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'
import { refusalOf } from '../../helpers/refusal.ts'
import {
  callAs,
  claim,
  createEndpoint,
  delivered,
  type Endpoint,
  emit,
  readDeliveries,
  settleAll,
  tick,
} from '../../helpers/webhooks.ts'

const update = (tx: Tx, person: Person, endpoint: Endpoint, changes: object) =>
  callAs<Endpoint>(tx, person, 'public.update_webhook_endpoint($1, $2)', [endpoint.id, changes])

const refusalFor = async (tx: Tx, person: Person, sql: string, values: unknown[]) => {
  await asUser(tx, person.id)
  const refusal = await refusalOf(tx, `select ${sql}`, values)
  await asOwner(tx)
  return refusal
}

const verbs: [string, string][] = [
  ['update', `public.update_webhook_endpoint($1, '{"description": "x"}')`],
  ['delete', 'public.delete_webhook_endpoint($1)'],
  ['rotate the secret of', `public.rotate_webhook_secret($1, 'v1.x')`],
  ['test', 'public.test_webhook_endpoint($1)'],
  ['recover', `public.recover_deliveries($1, 'failed', now() - interval '1 day')`],
]

test.each(verbs)('strangers cannot %s an endpoint: to them it is not there', (_, sql) =>
  withTx(async (tx) => {
    const { endpoint } = await createEndpoint(tx)
    const stranger = await signUp(tx)
    const foreign = await refusalFor(tx, stranger, sql, [endpoint.id])
    expect(foreign).toMatchObject({ code: 'PT404', message: 'not-found' })
    expect(await refusalFor(tx, stranger, sql, [randomUUID()])).toEqual(foreign)
  }),
)

test.each(verbs)('editors cannot %s an endpoint: that needs an admin', (_, sql) =>
  withTx(async (tx) => {
    const { endpoint, person } = await createEndpoint(tx)
    const editor = await signUp(tx)
    await tx.query(`insert into public.workspace_members values ($1, $2, 'editor')`, [
      person.workspaceId,
      editor.id,
    ])
    expect(await refusalFor(tx, editor, sql, [endpoint.id])).toMatchObject({ code: 'PT403' })
  }),
)

test('nobody of the API can read a secret', () =>
  withTx(async (tx) => {
    const { person } = await createEndpoint(tx)
    await asUser(tx, person.id)
    expect(await refusalOf(tx, 'select * from private.webhook_secrets')).toMatchObject({
      code: '42501',
    })
  }))

test('an endpoint takes accounts of its own workspace only', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await createEndpoint(tx)
    const foreign = await connectAccount(tx)
    const mine = await connectAccount(tx, person)
    const changes = { account_ids: [mine.id, foreign.id] }
    const sql = 'public.update_webhook_endpoint($1, $2)'
    expect(await refusalFor(tx, person, sql, [endpoint.id, changes])).toMatchObject({
      code: 'PT422',
      message: 'webhook-account-unknown',
    })
    const updated = await update(tx, person, endpoint, { account_ids: [mine.id] })
    expect(updated.account_ids).toEqual([mine.id])
  }))

test('headers are replaced together, kept while nobody sends any, and never shown', () =>
  withTx(async (tx) => {
    const sealed = (envelope: string | null, ...names: string[]) => ({
      header_names: names,
      encrypted_headers: envelope,
    })
    const { endpoint, person } = await createEndpoint(tx, sealed('v1.first', 'x-a'))
    const claimed = async () => {
      await emit(tx, endpoint.workspace_id)
      return (await claim(tx)).endpoints[0]?.encrypted_headers
    }
    expect(await claimed()).toBe('v1.first')
    expect(JSON.stringify(await update(tx, person, endpoint, { description: 'x' }))).not.toContain(
      'v1.',
    )
    expect(await claimed()).toBe('v1.first')
    await update(tx, person, endpoint, sealed('v1.second', 'x-b'))
    expect(await claimed()).toBe('v1.second')
    await update(tx, person, endpoint, sealed(null))
    expect(await claimed()).toBeNull()
    await asUser(tx, person.id)
    expect(await refusalOf(tx, 'select * from private.webhook_headers')).toMatchObject({
      code: '42501',
    })
  }))

test('two secrets are valid during a rotation, never three', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await createEndpoint(tx)
    for (const secret of ['v1.second', 'v1.third']) {
      await callAs(tx, person, 'public.rotate_webhook_secret($1, $2)', [endpoint.id, secret])
    }
    await emit(tx, endpoint.workspace_id)
    const soon = new Date()
    expect((await claim(tx, { now: soon })).endpoints[0]?.encrypted_secrets).toEqual([
      'v1.third',
      'v1.second',
    ])
    const later = new Date(Date.now() + 86_500_000)
    expect((await claim(tx, { now: later })).endpoints[0]?.encrypted_secrets).toEqual(['v1.third'])
  }))

test('refuses a change made to another version', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await createEndpoint(tx)
    await update(tx, person, endpoint, { description: 'new' })
    const sql = `public.update_webhook_endpoint($1, '{"description": "x"}', 1)`
    expect(await refusalFor(tx, person, sql, [endpoint.id])).toMatchObject({ code: 'PT412' })
  }))

test('a workspace has twenty endpoints at most, however many are made at once', async () => {
  const tx = await connect()
  const { person } = await createEndpoint(tx)
  const results = await race(4, async (client) => {
    for (let index = 0; index < 8; index += 1) await createEndpoint(client, {}, person)
  })
  const refused = results.filter((it) => it.status === 'rejected')
  expect(refused.map((it) => (it.reason as Error).message)).toContain('webhook-endpoint-limit')
  const { rows } = await tx.query('select from public.webhook_endpoints where workspace_id = $1', [
    person.workspaceId,
  ])
  expect(rows).toHaveLength(20)
})

test('a test goes to the tested endpoint alone, whatever types it wants', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await createEndpoint(tx, { event_types: ['post.failed'] })
    const { endpoint: other } = await createEndpoint(tx, {}, person)
    const tested = await callAs<{ event_id: string }>(
      tx,
      person,
      'public.test_webhook_endpoint($1)',
      [endpoint.id],
    )
    const { deliveries } = await claim(tx)
    const mine = deliveries.filter((it) => it.event.workspace_id === person.workspaceId)
    expect(mine).toMatchObject([
      { endpoint_id: endpoint.id, event: { id: tested.event_id, type: 'webhook.test' } },
    ])
    expect(await readDeliveries(tx, other.id)).toEqual([])
  }))

test('a disabled endpoint gets nothing; enabled again it forgets its failures', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await createEndpoint(tx)
    await update(tx, person, endpoint, { status: 'disabled' })
    await emit(tx, endpoint.workspace_id)
    await tick(tx)
    expect(await readDeliveries(tx, endpoint.id)).toEqual([])
    expect(
      await refusalFor(tx, person, 'public.test_webhook_endpoint($1)', [endpoint.id]),
    ).toMatchObject({ code: 'PT409', message: 'webhook-endpoint-disabled' })

    const enabled = await update(tx, person, endpoint, { status: 'enabled' })
    expect(enabled).toMatchObject({ status: 'enabled', disabled_reason: null, failure_count: 0 })
    await emit(tx, endpoint.workspace_id)
    await tick(tx)
    expect(await readDeliveries(tx, endpoint.id)).toHaveLength(1)
  }))

test('a deleted endpoint leaves its log, and fails what waits for it', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await createEndpoint(tx, { max_in_flight: 1 })
    await emit(tx, endpoint.workspace_id, 'post.published', 2)
    const batch = await claim(tx)
    await callAs(tx, person, 'public.delete_webhook_endpoint($1)', [endpoint.id])
    await tick(tx)
    const mine = batch.deliveries.filter((it) => it.endpoint_id === endpoint.id)
    await settleAll(tx, { ...batch, deliveries: mine }, delivered)
    await tick(tx)

    expect(await readDeliveries(tx, endpoint.id)).toMatchObject([
      { status: 'delivered' },
      { status: 'failed', failure: 'endpoint-deleted' },
    ])
    const lanes = 'select from private.endpoint_lanes where endpoint_id = $1'
    expect((await tx.query(lanes, [endpoint.id])).rows).toEqual([])
  }))
