import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import { expectLedgerAddsUp, POST, reviewSlugs, sendDue, setLimit } from '../../helpers/money.ts'
import {
  type Account,
  actFor,
  at,
  connectAccount,
  readPost,
  schedulePost,
} from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

type Cost = { action: string; count: number; micros: number }

const DELETE = 10_000
const POST_READ = 5_000
const USER_READ = 10_000

const fold = async (tx: Tx): Promise<number> =>
  (await tx.query<{ folded: number }>('select private.fold_costs(p_now => $1) as folded', [at(0)]))
    .rows[0]?.folded ?? 0

/** What the budget answer says of the month of `at(0)`. */
const costsOf = async (tx: Tx, account: Account): Promise<Cost[]> =>
  (
    await tx.query<{ budget: { costs: Cost[] } }>(
      'select private.budget_document($1, $2) as budget',
      [account.person.workspaceId, at(0)],
    )
  ).rows[0]?.budget.costs ?? []

/** Connecting reads a profile today, which may be another month than that of `at(0)`. */
const connected = async (tx: Tx, from?: Account): Promise<Account> => {
  const account = await connectAccount(tx, from?.person)
  await tx.query('delete from private.cost_log')
  return account
}

const read = (tx: Tx, account: Account, ids: string[], now = at(0)) =>
  tx.query('select private.log_account_reads($1, $2, $3)', [account.id, ids, now])

test('a connected account costs the reading of its profile', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const { rows } = await tx.query(
      'select workspace_id, action, count, micros::int from private.cost_log',
    )
    expect(rows).toEqual([
      {
        workspace_id: account.person.workspaceId,
        action: 'user_read',
        count: 1,
        micros: USER_READ,
      },
    ])
  }))

test('a post is billed once a day, however often and for whomever of its app it is read', () =>
  withTx(async (tx) => {
    const account = await connected(tx)
    const colleague = await connected(tx, account)
    await read(tx, account, ['1', '2', '2'])
    await read(tx, account, ['2', '3'])
    await read(tx, colleague, ['1'])
    expect(await costsOf(tx, account)).toEqual([
      { action: 'post_read', count: 3, micros: 3 * POST_READ },
    ])
    const { rows } = await tx.query('select count(*)::int from private.billed_reads')
    expect(rows[0].count).toBe(3)
    await read(tx, account, ['1'], at(86_400))
    const all = await tx.query<{ sum: number }>('select sum(count)::int from private.cost_log')
    expect(all.rows[0]?.sum).toBe(4)
  }))

test('folded or not, the budget says the same, and every cost is counted once', () =>
  withTx(async (tx) => {
    const account = await connected(tx)
    await read(tx, account, ['1', '2'])
    const before = await costsOf(tx, account)
    expect(await fold(tx)).toBe(1)
    expect(await fold(tx)).toBe(0)
    expect(await costsOf(tx, account)).toEqual(before)
    await read(tx, account, ['3'])
    await fold(tx)
    expect(await costsOf(tx, account)).toEqual([
      { action: 'post_read', count: 3, micros: 3 * POST_READ },
    ])
    await expectLedgerAddsUp(tx)
  }))

test('a deletion is billed when X has carried it out, and once', () =>
  withTx(async (tx) => {
    const account = await connected(tx)
    const post = await schedulePost(tx, account)
    await sendDue(tx, 'accepted', at(0))
    await actFor(tx, account)
    await tx.query('select public.unpublish_post($1)', [post])
    const settle = (error: object | null) =>
      tx.query('select service.settle_removal($1, 0::smallint, $2, p_now => $3)', [
        post,
        error,
        at(0),
      ])
    await settle({ slug: 'server-error' })
    expect(await costsOf(tx, account)).toEqual([])
    await settle(null)
    await settle(null)
    expect(await costsOf(tx, account)).toEqual([{ action: 'delete', count: 1, micros: DELETE }])
  }))

test('what X tells of is billed to the account it concerns, or else to nobody', () =>
  withTx(async (tx) => {
    const account = await connected(tx)
    await tx.query('select private.log_events($1, $2)', [[account.id, null], at(0)])
    await fold(tx)
    const { rows } = await tx.query(
      'select workspace_id, count::int from private.network_costs order by workspace_id nulls last',
    )
    expect(rows).toEqual([
      { workspace_id: account.person.workspaceId, count: 1 },
      { workspace_id: null, count: 1 },
    ])
    await expectLedgerAddsUp(tx)
  }))

test('costs leave less for what is still to be scheduled, and stop nothing that is scheduled', () =>
  withTx(async (tx) => {
    const account = await connected(tx)
    await setLimit(tx, account, 2 * POST, at(0))
    const post = await schedulePost(tx, account, { due: at(60) })
    await read(tx, account, ['1', '2', '3', '4'])

    const another = { account_id: account.id, segments: ['more'], scheduled_at: at(60) }
    const scheduleAnother = async () => {
      await actFor(tx, account)
      const refusal = await refusalOf(tx, 'select public.create_post($1)', [another])
      await tx.query(`select set_config('request.jwt.claims', '', false)`)
      return refusal
    }
    const overBudget = { code: 'PT409', message: 'over-budget' }
    expect(await scheduleAnother()).toMatchObject(overBudget)
    await fold(tx)
    expect(await scheduleAnother()).toMatchObject(overBudget)
    await tx.query('select private.limits_tick($1)', [at(1)])
    await sendDue(tx, 'accepted', at(61))
    expect((await readPost(tx, post)).status).toBe('published')
    await expectLedgerAddsUp(tx)
  }))

test('a month that others have used up refuses no post that asks for nothing more', () =>
  withTx(async (tx) => {
    const unlimited = await connected(tx)
    await setLimit(tx, unlimited, null, at(0))
    const account = await connected(tx)
    await setLimit(tx, account, 2 * POST, at(0))
    const post = await schedulePost(tx, account, { due: at(60) })
    await read(tx, account, ['1', '2', '3', '4', '5', '6'])
    await actFor(tx, account)
    const problems = (review: object) => reviewSlugs(tx, review)
    const moved = { post_id: post, scheduled_at: at(90) }
    expect(await problems(moved)).toEqual([])
    await tx.query('select public.schedule_post($1, $2)', [post, at(90)])
    expect(await problems({ ...moved, segments: ['one', 'two'] })).toEqual(['over-budget'])
    expect(
      await problems({ account_id: account.id, segments: ['new'], scheduled_at: at(90) }),
    ).toEqual(['over-budget'])
    await actFor(tx, unlimited)
    expect(
      await problems({ account_id: unlimited.id, segments: ['new'], scheduled_at: at(90) }),
    ).toEqual([])
  }))

const collections = async (tx: Tx, seconds: number): Promise<unknown[]> =>
  (
    await tx.query<{ claim: { accounts: unknown[] } }>(
      'select service.claim_collections(gen_random_uuid(), p_now => $1) as claim',
      [at(seconds)],
    )
  ).rows[0]?.claim.accounts ?? []

test('a budget that is used up reads no metrics until it is raised', () =>
  withTx(async (tx) => {
    const account = await connected(tx)
    await schedulePost(tx, account)
    await sendDue(tx, 'accepted', at(0))
    await tx.query('select private.measure_new_posts(p_now => $1)', [at(0)])
    await setLimit(tx, account, POST, at(0))
    expect(await collections(tx, 60)).toEqual([])
    expect(await collections(tx, 120)).toEqual([])
    await setLimit(tx, account, POST + 1, at(120))
    expect(await collections(tx, 480)).toHaveLength(1)
  }))
