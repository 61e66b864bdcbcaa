import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inboundX, subscribedAccount } from '../helpers/inbound.ts'
import { useOwnStack } from '../helpers/own-stack.ts'
import { readPostAs, type SandboxAccount, scheduleAt } from '../helpers/sandbox-account.ts'
import { sandboxX } from '../helpers/sandbox-x.ts'
import { until } from '../helpers/until.ts'

const stack = useOwnStack()
let x: ReturnType<typeof inboundX>
let sandbox: ReturnType<typeof sandboxX>
let database: Client
let account: SandboxAccount
let userId: string

beforeAll(async () => {
  const { state } = stack()
  x = inboundX(state)
  sandbox = sandboxX(state.x_url)
  database = new Client({ connectionString: state.db_url })
  await database.connect()
  ;({ account, userId } = await subscribedAccount(state, database))
})
afterAll(() => database.end())

const published = async () => {
  const id = await scheduleAt(account, new Date())
  await until('the post is published', async () => {
    const post = await readPostAs(account.client, id)
    return post.status === 'published'
  })
  const { rows } = await database.query<{ remote_id: string }>(
    'select remote_id from public.post_segments where post_id = $1',
    [id],
  )
  return { id, remoteId: rows[0]?.remote_id ?? '' }
}

const deleteOnX = async (remoteId: string) => {
  const { access_token } = await sandbox.newTokens(account.username)
  const response = await fetch(`${stack().state.x_url}/2/tweets/${remoteId}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${access_token}` },
  })
  if (!response.ok) throw new Error(`not deleted: ${response.status}`)
}

const isUnpublished = async (id: string) =>
  (
    await database.query(
      'select 1 from public.posts where id = $1 and unpublished_at is not null',
      [id],
    )
  ).rows.length === 1

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000)

test('what got lost while nobody could hear X arrives by a replay', async () => {
  const { id, remoteId } = await published()
  await x.moveClock(-20 * 60_000)
  await x.rules({ drop: true })
  await deleteOnX(remoteId)
  await x.rules({ drop: false })
  await x.moveClock(0)
  expect((await x.deliveries(userId)).at(-1)).toMatchObject({ type: 'post.delete', statuses: [] })
  expect(await isUnpublished(id)).toBe(false)

  await database.query('select private.replay_inbound($1, $2)', [minutesAgo(25), minutesAgo(15)])
  await until('the deletion has arrived', () => isUnpublished(id), 30_000)
  const { rows } = await database.query('select missed_from, missed_until from private.x_webhooks')
  expect(rows).toEqual([{ missed_from: null, missed_until: null }])
})

test('subscriptions X lost are made again, and ones nobody wants are deleted there', async () => {
  const gone = await x.forget(userId, 'post.delete')
  await x.subscribeForeigner()
  expect([gone, await x.typesOf(userId)]).toEqual([200, ['post.create', 'post.mention.create']])
  await database.query('update private.x_webhooks set next_check_at = now()')
  await x.subscribed(userId)
  await until(
    'the foreigner is unsubscribed',
    async () => (await x.typesOf('1')).length === 0,
    30_000,
  )
})

test('disconnecting an account gives its subscriptions back', async () => {
  const { error } = await account.client.rpc('disconnect_account', { p_account_id: account.id })
  expect(error).toBeNull()
  await until('they are gone', async () => (await x.typesOf(userId)).length === 0, 30_000)
})

test('a webhook whose secret X does not share is reported until it is put right', async () => {
  const alerts = async () =>
    (await database.query(`select 1 from private.alerts where kind = 'x-webhook-invalid'`)).rows
      .length
  const check = () => database.query('update private.x_webhooks set next_check_at = now()')
  await x.rules({ consumer_secret: 'changed at X' })
  await x.invalidate()
  await check()
  await until('the operator is told', async () => (await alerts()) === 1, 30_000)
  await x.rules({ consumer_secret: 'sandbox-consumer-secret' })
  await check()
  await until('the alert is gone', async () => (await alerts()) === 0, 30_000)
})
