import { randomUUID } from 'node:crypto'
import type { Mention } from '../../shared/networks/happening.ts'
import { signUp } from './callers.ts'
import type { Tx } from './database.ts'
import { postIn, type Status } from './posts.ts'
import {
  type Account,
  actFor,
  resultFor,
  schedulePost,
  settle,
  startSending,
} from './publishing.ts'
import { createEndpoint } from './webhooks.ts'

const run = (tx: Tx, sql: string, ...values: unknown[]) => tx.query(`select ${sql}`, values)

const outcomes = ['scheduled', 'published', 'failed', 'held', 'missed', 'unconfirmed'] as const

/** Writes an event of every type about posts. */
export async function emitOfPosts(tx: Tx, account: Account): Promise<void> {
  const later = (day: number) => ({ due: new Date(Date.UTC(2040, 0, day)) })
  const [thread, changed, canceled, removed] = [
    await schedulePost(tx, account, { texts: ['one', 'two'] }),
    await schedulePost(tx, account, later(1)),
    await schedulePost(tx, account, later(2)),
    await schedulePost(tx, account, later(3)),
  ]
  await actFor(tx, account)
  await run(tx, `public.update_post($1, '{"metadata": {}}')`, changed)
  await run(tx, 'public.unschedule_post($1)', changed)
  await run(tx, 'public.cancel_post($1)', canceled)

  const { claimId, attempts } = await startSending(tx)
  const accepted = attempts.map((attempt) => resultFor(attempt, 'accepted'))
  await settle(tx, claimId, accepted, { release: [account.id] })
  await run(tx, `private.note_removed($1, 0::smallint, '1', now())`, thread)

  const published = await postIn(tx, 'published', account)
  await run(tx, `private.note_removed($1, 0::smallint, '1', now())`, published)
  const failure = { slug: 'not-deletable', detail: 'No.', who: 'author', remedy: 'None.' }
  await run(
    tx,
    `private.emit_post_event((select posts from public.posts where id = $1), 'post.unpublish_failed',
       jsonb_build_object('failure', $2::jsonb || '{"segment": 0}'))`,
    removed,
    failure,
  )
  for (const status of [...outcomes, 'partially_published'] satisfies Status[]) {
    const post = await postIn(tx, status, account)
    const told = `update public.posts set failure = $2 where id = $1 and failure is not null`
    await tx.query(told, [post, { ...failure, segment: 0 }])
    await run(tx, 'private.emit_outcomes(array[$1::uuid])', post)
  }
}

/** Writes an event of every type about accounts. */
export async function emitOfAccounts(tx: Tx, account: Account): Promise<void> {
  await actFor(tx, account)
  await run(tx, `public.update_account($1, '{"time_zone": "Europe/Berlin"}')`, account.id)
  await run(tx, `private.learn_self_reply(array[$1::uuid], '{}')`, account.id)
  await tx.query(
    `insert into private.collection_lanes (account_id, workspace_id, x_app_id, announced_at)
     select id, workspace_id, x_app_id, '-infinity' from public.accounts where id = $1
     on conflict (account_id) do update set announced_at = '-infinity'`,
    [account.id],
  )
  await run(
    tx,
    `private.announce_metrics(array[jsonb_populate_record(null::private.stat_increments,
       jsonb_build_object('account_id', $1::uuid, 'posts', 0))], now())`,
    account.id,
  )
  await mention(tx, account)
  const suspended = {
    slug: 'account-suspended',
    detail: 'Suspended.',
    who: 'account',
    remedy: 'Ask X.',
  }
  const post = await postIn(tx, 'scheduled', account)
  await run(
    tx,
    `private.pause_suspended_accounts(array[jsonb_populate_record(null::private.attempt_result,
       jsonb_build_object('post_id', $1::uuid, 'outcome', 'retry', 'error', $2::jsonb))], now())`,
    post,
    suspended,
  )
  await run(tx, `private.ask_owner_after_restore($1, now())`, account.id)
  await run(tx, 'public.disconnect_account($1)', account.id)
}

/** As X tells it to `inbound`. */
async function mention(tx: Tx, account: Account) {
  const [receipt, lease] = [randomUUID(), randomUUID()]
  await tx.query(
    `insert into private.inbound_events (provider, event_id, receipt_id, run_at, lease_id)
     values ('x', $1, $1::text::uuid, now(), $2)`,
    [receipt, lease],
  )
  const written: Mention = {
    remote_id: '1',
    author_id: '2',
    author_username: 'ada',
    text: 'hey',
    created_at: '2026-12-01T09:00:00.000Z',
  }
  const { rows } = await tx.query<{ id: string }>(
    'select remote_user_id as id from public.accounts where id = $1',
    [account.id],
  )
  await run(tx, 'service.take_mention($1, $2, $3, $4)', receipt, lease, rows[0]?.id, written)
}

/** Writes an event of every type about a workspace, its X apps, its budget and its endpoints. */
export async function emitOfWorkspaces(tx: Tx, account: Account): Promise<void> {
  const { id: userId, workspaceId } = account.person
  await actFor(tx, account)
  await run(tx, `public.update_workspace($1, '{"paused": true}')`, workspaceId)
  await run(tx, `public.update_workspace($1, '{"paused": false}')`, workspaceId)
  await run(tx, `private.suspend_workspace($1, 'Spam.', now())`, workspaceId)
  await run(tx, 'private.unsuspend_workspace($1, now())', workspaceId)

  const app = randomUUID()
  await run(tx, `public.create_x_app($1, $2, 'v1.sealed')`, workspaceId, {
    id: app,
    name: 'Own',
    client_id: randomUUID(),
  })
  await run(tx, `public.update_x_app($1, '{"name": "Ours"}', null)`, app)
  await schedulePost(tx, account, { due: new Date('2040-02-01') })
  await run(tx, `private.announce_block((select apps from private.x_apps as apps limit 1))`)
  await run(tx, `private.announce_unblock((select x_app_id from private.app_notices limit 1))`)
  await actFor(tx, account)
  await run(tx, 'public.delete_x_app($1)', app)
  const wanted = { name: 'Own', client_id: randomUUID() }
  for (const person of [account.person, await signUp(tx)]) {
    await actFor(tx, { id: '', person })
    const own = { id: randomUUID(), ...wanted }
    await run(tx, `public.create_x_app($1, $2, 'v1.sealed')`, person.workspaceId, own)
  }
  await actFor(tx, account)

  await run(tx, 'public.set_budget($1, 5000000)', workspaceId)
  for (const committed of [9_000_000, 0]) {
    await tx.query(
      `insert into private.budget_months (workspace_id, month, committed)
       values ($1, private.month_of((now() at time zone 'UTC')::date), $2)
       on conflict (workspace_id, month) do update set committed = excluded.committed`,
      [workspaceId, committed],
    )
    await run(tx, 'private.judge_budget($1, now())', workspaceId)
  }
  const customer = `cus_${randomUUID()}`
  await run(tx, 'service.link_billing_customer($1, $2)', userId, customer)
  await run(
    tx,
    `service.save_subscription(gen_random_uuid(), gen_random_uuid(), (service.begin_reading($1) #>> '{}')::int,
       $2, '7 days')`,
    'sub_1',
    {
      subscription_id: 'sub_1',
      customer_id: customer,
      status: 'active',
      tier: 'pro',
      paid_until: null,
    },
  )
  const { endpoint } = await createEndpoint(tx, {}, account.person)
  await actFor(tx, account)
  await run(tx, 'public.test_webhook_endpoint($1)', endpoint.id)
  await tx.query(
    `update public.webhook_endpoints
     set failing_since = now(), last_failed_at = now(), failure_count = 1 where id = $1`,
    [endpoint.id],
  )
  await run(tx, 'private.warn_of_failing(array[$1::uuid], now())', endpoint.id)
  await run(tx, `private.disable_webhook_endpoints(array[$1::uuid], 'failing')`, endpoint.id)
}
