import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  type Account,
  at,
  connectAccount,
  count,
  NOW,
  schedulePost,
  startSending,
  tick,
} from '../../helpers/publishing.ts'

/** Writes the row by which a duty is due 60 s from now. */
type Plan = (tx: Tx, account: Account) => Promise<unknown>

const insert =
  (into: string, values: string): Plan =>
  (tx, account) =>
    tx.query(
      `insert into ${into} select ${values} from public.accounts cross join (select $2::timestamptz as due)
       where accounts.id = $1`,
      [account.id, at(60)],
    )

const plans: [string, string, Plan][] = [
  [
    'an attempt nobody is sure of',
    'reconcile',
    async (tx) => {
      await startSending(tx)
      await tx.query('update private.live_attempts set next_look_at = $1', [at(60)])
    },
  ],
  [
    'an attempt that was given up',
    'reconcile',
    insert(
      'private.given_up_attempts (post_id, position, number, account_id, workspace_id, sending_at, given_up_at, next_look_at)',
      'gen_random_uuid(), 0, 1, id, workspace_id, due, due, due',
    ),
  ],
  [
    'an account to be read after a restore',
    'read_restored',
    insert(
      'private.restored_accounts (account_id, workspace_id, since, began_at, next_look_at)',
      'id, workspace_id, due, due, due',
    ),
  ],
  [
    'tokens of a disconnected account',
    'revoke_tokens',
    insert(
      'private.token_revocations (account_id, workspace_id, encrypted_tokens, next_try_at)',
      `id, workspace_id, 'v1', due`,
    ),
  ],
  [
    'a post that somebody unpublished',
    'remove_posts',
    insert(
      'private.removals (post_id, account_id, workspace_id, next_try_at)',
      'gen_random_uuid(), id, workspace_id, due',
    ),
  ],
  [
    'secrets that an older key sealed',
    'rotate_keys',
    async (tx) => {
      await tx.query('delete from private.key_rotation')
      await tx.query(
        `insert into private.key_rotation (key_id, announced_at, next_batch_at) values ('k2', $1, $2)`,
        [NOW, at(60)],
      )
    },
  ],
]

const dueDuties = async (tx: Tx, now: Date): Promise<string[]> =>
  (await tx.query('select private.due_duties($1) as due', [now])).rows[0]?.due

test.each(plans)('%s makes "%s" due, and the tick ring for it alone', (_what, duty, plan) =>
  withTx(async (tx) => {
    await tx.query(
      `select vault.create_secret('http://127.0.0.1:1', 'project_url'),
         vault.create_secret('sb_secret_test', 'cron_key')`,
    )
    const account = await connectAccount(tx)
    if (duty === 'reconcile') await schedulePost(tx, account)
    await tx.query(`update private.key_rotation set next_batch_at = 'infinity'`)
    await plan(tx, account)

    expect(await dueDuties(tx, at(59))).toEqual([])
    expect(await dueDuties(tx, at(60))).toEqual([duty])
    await tx.query(`update private.account_lanes set ready_at = 'infinity'`)
    expect(await tick(tx, at(60))).toBe(1)
    expect(await count(tx, 'net.http_request_queue')).toBe(1)
  }),
)
