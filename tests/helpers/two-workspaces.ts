import { createHash, randomUUID } from 'node:crypto'
import { type Person, signUp } from './callers.ts'
import type { Tx } from './database.ts'
import { readyMedia } from './media.ts'
import {
  type Account,
  at,
  connectAccount,
  resultFor,
  schedulePost,
  settle,
  startSending,
} from './publishing.ts'

/** Ids of one workspace's rows. */
export type Workspace = {
  workspace: string
  account: string
  /** On X, measured and delivered. */
  published: string
  /** X may have it or not. */
  unconfirmed: string
  /** Due in a day. */
  scheduled: string
  /** Uploaded and found good; no post shows it. */
  media: string
  endpoint: string
  delivery: string
  /** An X app of its own. */
  app: string
}

/** Two workspaces with rows in every table, and who belongs to the first. */
export type TwoWorkspaces = {
  a: Workspace
  b: Workspace
  people: Record<'owner' | 'admin' | 'editor' | 'viewer' | 'stranger', Person>
}

const call = async <T>(tx: Tx, sql: string, values: unknown[] = []): Promise<T> =>
  (await tx.query<{ value: T }>(`select ${sql} as value`, values)).rows[0]?.value as T

const as = (tx: Tx, person: Person | null) =>
  tx.query(`select set_config('request.jwt.claims', $1, false)`, [
    person ? JSON.stringify({ sub: person.id, role: 'authenticated' }) : '',
  ])

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** What people begin: an endpoint, a connection, a request with a key; then they need not come back. */
async function useTheApi(tx: Tx, person: Person): Promise<string> {
  const endpoint = randomUUID()
  await as(tx, person)
  await call(tx, `public.create_webhook_endpoint($1, $2, 'v1.sealed')`, [
    person.workspaceId,
    { id: endpoint, url: 'https://example.com/hook' },
  ])
  await call(tx, `public.create_x_app($1, $2, 'v1.sealed')`, [
    person.workspaceId,
    { id: randomUUID(), name: 'Own', client_id: randomUUID() },
  ])
  await call(tx, 'public.set_budget($1, 1000000000)', [person.workspaceId])
  await call(tx, `public.start_connection(null, $1, 'v1.sealed', null)`, [sha256(endpoint)])
  await call(tx, `public.claim_idempotency_key('POST /posts', $1, $2)`, [endpoint, sha256('')])
  await as(tx, null)
  return endpoint
}

/** Sends every due post: the first of each account is accepted, the others stay unknown. */
async function publishDuePosts(tx: Tx): Promise<void> {
  const { claimId, attempts } = await startSending(tx)
  const seen = new Set<string>()
  const results = attempts.map((attempt) => {
    const isFirst = !seen.has(attempt.account_id)
    seen.add(attempt.account_id)
    return resultFor(attempt, isFirst ? 'accepted' : 'unknown')
  })
  await settle(tx, claimId, results, { release: [...seen] })
}

async function measure(tx: Tx, account: Account, postId: string): Promise<void> {
  const reading = { post_id: postId, position: 0, timestamp: at(60), outcome: 'read' }
  const counters = { impressions: 9, likes: 1, reposts: 0, replies: 0, quotes: 0, bookmarks: 0 }
  const claim = randomUUID()
  await call(tx, 'service.claim_collections($1, p_now => $2)', [claim, at(60)])
  await call(tx, 'service.save_metrics($1, $2, $3, $4)', [
    JSON.stringify([{ ...reading, ...counters }]),
    claim,
    JSON.stringify([{ account_id: account.id, scope: 'account' }]),
    at(60),
  ])
}

/** Delivers every event there is; the last one is refused once and waits. */
async function deliverEvents(tx: Tx): Promise<void> {
  const claim = await call<{ deliveries: { id: string; endpoint_id: string; number: number }[] }>(
    tx,
    'service.claim_deliveries($1, $1, p_now => $2)',
    [randomUUID(), at(0)],
  )
  const results = claim.deliveries.map(({ id, endpoint_id, number }, index) => ({
    delivery_id: id,
    endpoint_id,
    number,
    started_at: at(0),
    duration_ms: 1,
    ...(index === 0
      ? { outcome: 'retry', error: 'http-500', retry_after_ms: 60_000 }
      : { outcome: 'delivered', http_status: 200 }),
  }))
  await call(tx, 'service.settle_deliveries($1)', [JSON.stringify(results)])
}

const idOf = async (tx: Tx, sql: string, workspaceId: string): Promise<string> =>
  (await tx.query<{ id: string }>(sql, [workspaceId])).rows[0]?.id ?? ''

/** Fills both through the verbs and the functions of the workers. Commit it once per test file. */
export async function seedTwoWorkspaces(tx: Tx): Promise<TwoWorkspaces> {
  const [owner, admin, editor, viewer, stranger] = [
    await signUp(tx),
    await signUp(tx),
    await signUp(tx),
    await signUp(tx),
    await signUp(tx),
  ]
  for (const [role, person] of Object.entries({ admin, editor, viewer })) {
    await tx.query('insert into public.workspace_members values ($1, $2, $3)', [
      owner.workspaceId,
      person.id,
      role,
    ])
  }
  const fill = async (person: Person) => {
    const endpoint = await useTheApi(tx, person)
    const account = await connectAccount(tx, person)
    await schedulePost(tx, account)
    await schedulePost(tx, account, { due: at(1) })
    const scheduled = await schedulePost(tx, account, { due: at(86_400) })
    return { endpoint, account, scheduled, media: await readyMedia(tx, person) }
  }
  const [first, second] = [await fill(owner), await fill(stranger)]
  await publishDuePosts(tx)
  const post = 'select id from public.posts where workspace_id = $1 and status = '
  const idsOf = async ({
    endpoint,
    account,
    scheduled,
    media,
  }: typeof first): Promise<Workspace> => {
    const workspace = account.person.workspaceId
    const published = await idOf(tx, `${post} 'published'`, workspace)
    await measure(tx, account, published)
    const unconfirmed = await idOf(tx, `${post} 'unconfirmed'`, workspace)
    return {
      workspace,
      account: account.id,
      endpoint,
      scheduled,
      media,
      published,
      unconfirmed,
      delivery: '',
      app: await idOf(tx, 'select id from private.x_apps where workspace_id = $1', workspace),
    }
  }
  const a = await idsOf(first)
  const b = await idsOf(second)
  await call(tx, 'service.roll_up()')
  await deliverEvents(tx)
  const delivery = 'select id from public.webhook_deliveries where workspace_id = $1'
  a.delivery = await idOf(tx, delivery, a.workspace)
  b.delivery = await idOf(tx, delivery, b.workspace)
  const people = { owner, admin, editor, viewer, stranger }
  await call(tx, 'service.record_usage($1)', [
    JSON.stringify(Object.values(people).map(({ id }) => ({ user_id: id, api_calls: 1 }))),
  ])
  await call(tx, 'private.fold_usage()')
  await call(tx, 'private.fork_events(now())')
  await tx.query(
    `insert into public.event_horizons (workspace_id, last_sequence, forgotten_at)
     select unnest($1::uuid[]), 1, now()`,
    [[a.workspace, b.workspace]],
  )
  await call(tx, `service.check_remote_id($1, '1', now())`, [a.unconfirmed])
  return { a, b, people }
}
