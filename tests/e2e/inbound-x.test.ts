import { createHmac, randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { inboundX, subscribedAccount } from '../helpers/inbound.ts'
import { useOwnStack } from '../helpers/own-stack.ts'
import {
  newSandboxAccount,
  readPostAs,
  type SandboxAccount,
  scheduleAt,
} from '../helpers/sandbox-account.ts'
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
afterEach(async () => {
  await sandbox.clearFaults()
  await x.rules({ copies: 1, delay_ms: 0, jitter_ms: 0, drop: false })
})
afterAll(() => database.end())

const eventsOf = async (type: string, subjectId: string) =>
  (
    await database.query<{ data: Record<string, unknown> }>(
      'select data from public.events where type = $1 and subject_id = $2 order by id',
      [type, subjectId],
    )
  ).rows.map(({ data }) => data)

const published = async (segments?: string[]) => {
  const id = await scheduleAt(account, new Date(Date.now() + 1_000), segments)
  await until('the post is published', async () => {
    const post = await readPostAs(account.client, id)
    return post.status === 'published'
  })
  return id
}

test('a connected account is subscribed to posts, deletions and mentions, each once', async () => {
  expect(await x.typesOf(userId)).toEqual(['post.create', 'post.delete', 'post.mention.create'])
})

test("X's challenge is answered under the consumer secret", async () => {
  const response = await x.challenge('challenge_string')
  const mac = createHmac('sha256', 'sandbox-consumer-secret').update('challenge_string')
  expect(await response.json()).toEqual({ response_token: `sha256=${mac.digest('base64')}` })
})

test('an event without the right signature is refused and leaves nothing behind', async () => {
  const uuid = randomUUID()
  const event = { data: { event_uuid: uuid, event_type: 'post.create', filter: {}, payload: {} } }
  expect((await x.post(event, null)).status).toBe(401)
  expect((await x.post(event, 'another secret')).status).toBe(401)
  const { rows } = await database.query(
    'select 1 from private.inbound_events where event_id like $1',
    [`%${uuid}`],
  )
  expect(rows).toEqual([])
})

test('a post of unknown outcome is adopted within seconds, though its timeline cannot be read', async () => {
  const { username } = account
  await sandbox.addFault({ match: { username, method: 'GET' }, kind: '503' })
  await sandbox.addFault({ match: { username, method: 'POST' }, kind: '500_after', times: 1 })
  const dueAt = Date.now() + 1_000
  const id = await scheduleAt(account, new Date(dueAt))
  await until('the post is adopted', async () => {
    const post = await readPostAs(account.client, id)
    return post.status === 'published'
  })
  expect(Date.now() - dueAt).toBeLessThan(10_000)
  const accepted = await sandbox.accepted(username)
  const { rows } = await database.query<{ remote_id: string }>(
    'select remote_id from public.post_segments where post_id = $1',
    [id],
  )
  expect(rows.map(({ remote_id }) => remote_id)).toEqual([accepted.at(-1)?.id])
})

test('a post deleted on X is unpublished once, however often and late X says so', async () => {
  const id = await published()
  const { rows } = await database.query<{ remote_id: string }>(
    'select remote_id from public.post_segments where post_id = $1',
    [id],
  )
  await x.rules({ copies: 4, jitter_ms: 400 })
  const { access_token } = await sandbox.newTokens(account.username)
  await fetch(`${stack().state.x_url}/2/tweets/${rows[0]?.remote_id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${access_token}` },
  })
  await until('every copy was answered', async () => {
    const copies = (await x.deliveries(userId)).filter(({ type }) => type === 'post.delete')
    return copies.at(-1)?.statuses.length === 4
  })
  expect((await x.deliveries(userId)).at(-1)?.statuses).toEqual([200, 200, 200, 200])
  await until(
    'the post is unpublished',
    async () => (await eventsOf('post.deleted', id)).length > 0,
  )
  expect(await eventsOf('post.deleted', id)).toHaveLength(1)
  const schedules = await database.query(
    'select 1 from private.metric_schedules where post_id = $1',
    [id],
  )
  expect(schedules.rows).toEqual([])
})

test('a mention becomes one event of the account', async () => {
  const other = await newSandboxAccount(stack().state)
  await x.rules({ copies: 3 })
  const text = `hey @${account.username} ${randomUUID()}`
  await scheduleAt(other, new Date(), [text])
  const [mention] = await until('the mention arrives', async () => {
    const events = await eventsOf('mention.received', account.id)
    return events.length > 0 && events
  })
  expect(mention).toMatchObject({
    account_id: account.id,
    author_username: other.username,
    text,
  })
  await until('every copy was answered', async () => {
    const [last] = (await x.deliveries(userId)).slice(-1)
    return last?.statuses.length === 3
  })
  expect(await eventsOf('mention.received', account.id)).toHaveLength(1)
})

test('an event of a type nobody handles is kept and shown to the operator', async () => {
  const type = 'spaces.start'
  const event = { data: { event_uuid: randomUUID(), event_type: type, filter: {}, payload: {} } }
  expect((await x.post(event)).status).toBe(200)
  expect((await x.post('not even JSON')).status).toBe(200)
  const summary = await until('both are processed', async () => {
    const { rows } = await database.query<{ type: string; outcome: string }>(
      `select type, outcome from private.inbound_summary() where type in ($1, 'unknown')`,
      [type],
    )
    return rows.length === 2 && rows.every(({ outcome }) => outcome === 'unknown') && rows
  })
  expect(summary.map((row) => row.type).sort()).toEqual([type, 'unknown'])
})

test('a withdrawn consent destroys the tokens, says so once and gives the subscriptions back', async () => {
  const leaving = await newSandboxAccount(stack().state)
  const { rows } = await database.query<{ remote_user_id: string }>(
    'select remote_user_id from public.accounts where id = $1',
    [leaving.id],
  )
  const leaver = rows[0]?.remote_user_id ?? ''
  await x.subscribed(leaver)
  await x.rules({ copies: 3 })
  await x.withdrawConsent(leaving.username)
  await until('the account needs its owner', async () => {
    const events = await eventsOf('account.needs_reauth', leaving.id)
    return events.length > 0
  })
  const tokens = await database.query(
    'select 1 from private.account_tokens where account_id = $1',
    [leaving.id],
  )
  expect(tokens.rows).toEqual([])
  await until(
    'its subscriptions are gone',
    async () => (await x.typesOf(leaver)).length === 0,
    30_000,
  )
  expect(await eventsOf('account.needs_reauth', leaving.id)).toHaveLength(1)
})
