import { randomUUID } from 'node:crypto'
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

const configure = (tx: Tx) =>
  tx.query(
    `select vault.create_secret('http://127.0.0.1:1', 'project_url'),
       vault.create_secret('sb_secret_test', 'cron_key')`,
  )

const planOf = (duty: string): Plan => {
  const [, , plan] = plans.find(([, name]) => name === duty) ?? []
  if (!plan) throw new Error(`no plan makes ${duty} due`)
  return plan
}

/** With no post to send, so that whoever is rung is rung for a duty. */
const withDuty = async (tx: Tx, duty: string): Promise<Account> => {
  await configure(tx)
  const account = await connectAccount(tx)
  await tx.query(`update private.key_rotation set next_batch_at = 'infinity'`)
  await planOf(duty)(tx, account)
  await tx.query(`update private.account_lanes set ready_at = 'infinity'`)
  return account
}

const leave = async (tx: Tx): Promise<number> =>
  (await tx.query('select service.leave_worker($1, true) as missing', [randomUUID()])).rows[0]
    ?.missing

test.each(plans)('%s makes "%s" due, and the tick ring for it alone', (_what, duty, plan) =>
  withTx(async (tx) => {
    await configure(tx)
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

test('a worker that leaves rings nobody for a duty, and one for a post that is due', () =>
  withTx(async (tx) => {
    const account = await withDuty(tx, 'remove_posts')
    await tx.query('update private.removals set next_try_at = now()')
    await tx.query(
      `insert into private.token_revocations (account_id, workspace_id, encrypted_tokens)
       select id, workspace_id, 'v1' from public.accounts where id = $1`,
      [account.id],
    )
    expect(await dueDuties(tx, new Date())).toEqual(['revoke_tokens', 'remove_posts'])
    expect(await leave(tx)).toBe(0)

    await schedulePost(tx, account, { due: new Date() })
    expect(await leave(tx)).toBe(1)
  }))

/** What keeps a removal from being claimed, and what ends that. */
const hindrances: [string, string, string][] = [
  [
    'publishing is held',
    `insert into private.restored_accounts (account_id, workspace_id, since, began_at, next_look_at)
     select id, workspace_id, now(), now() + interval '1 hour', 'infinity' from public.accounts;
     update private.incarnation set held_since = now()`,
    'update private.incarnation set held_since = null',
  ],
  [
    'its account is still to be read after a restore',
    `update private.account_lanes set closed_by = '{restored}'`,
    `update private.account_lanes set closed_by = '{}'`,
  ],
]

test.each(hindrances)('while %s, a removal rings nobody', (_why, hinder, end) =>
  withTx(async (tx) => {
    await withDuty(tx, 'remove_posts')
    const claimed = async () =>
      (await tx.query('select service.claim_removals(p_now => $1)', [at(60)])).rows
    await tx.query(hinder)

    await claimed()
    expect(await dueDuties(tx, at(60))).toEqual([])
    expect(await tick(tx, at(60))).toBe(0)
    expect(await leave(tx)).toBe(0)
    expect(await count(tx, 'net.http_request_queue')).toBe(0)

    await tx.query(end)
    expect(await dueDuties(tx, at(60))).toEqual(['remove_posts'])
  }),
)

test('an account that is read after a restore is not due while something of it is being sent', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account)
    await startSending(tx)
    await tx.query(`update private.key_rotation set next_batch_at = 'infinity'`)
    await planOf('read_restored')(tx, account)

    expect(await dueDuties(tx, at(60))).toEqual([])
    await tx.query('update private.live_attempts set next_look_at = $1', [at(90)])
    expect(await dueDuties(tx, at(60))).toEqual(['read_restored'])
  }))
