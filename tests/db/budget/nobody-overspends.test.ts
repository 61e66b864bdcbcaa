import { afterEach, expect, test } from 'vitest'
import { connect, disconnect, type Tx } from '../../helpers/database.ts'
import { committed, expectLedgerAddsUp, POST, placesTaken, setLimit } from '../../helpers/money.ts'
import { commitAs } from '../../helpers/posts.ts'
import { type Account, at, connectAccount } from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'

const setCap = (tx: Tx, cap: number | null) =>
  tx.query('update private.x_apps set posts_per_day = $1', [cap])

afterEach(async () => {
  const tx = await connect()
  await tx.query('delete from private.spend_ledger')
  await tx.query('delete from private.budget_months')
  await tx.query('delete from private.app_days')
  await setCap(tx, 10_000)
  await tx.query('delete from public.posts')
  await disconnect(tx)
})

const create = (client: Tx, account: Account, texts = ['text'], due = at(86_400)) =>
  commitAs<{ id: string }>(client, account.person, 'public.create_post($1)', [
    { account_id: account.id, segments: texts, scheduled_at: due },
  ])

/** Four accounts of one workspace, the profiles that were read of them paid for. */
const connectMore = async (tx: Tx, account: Account): Promise<Account[]> => {
  const others = [account]
  for (let n = 0; n < 3; n += 1) others.push(await connectAccount(tx, account.person))
  await tx.query('delete from private.cost_log')
  return others
}

const outcomes = (results: PromiseSettledResult<unknown>[]) => ({
  made: results.filter(({ status }) => status === 'fulfilled').length,
  refusals: [
    ...new Set(
      results.flatMap((result) => (result.status === 'rejected' ? [result.reason.message] : [])),
    ),
  ],
})

test('of many who schedule at once, as many get through as the budget pays for', async () => {
  const tx = await connect()
  const account = await connectAccount(tx)
  const others = await connectMore(tx, account)
  await setLimit(tx, account, 5 * POST + 1)

  const results = await race(12, async (client, index, meet) => {
    await meet()
    return create(client, others[index % others.length] as Account)
  })

  expect(outcomes(results)).toEqual({ made: 5, refusals: ['over-budget'] })
  expect(await committed(tx, account.person)).toBe(5 * POST)
  await expectLedgerAddsUp(tx)
  await disconnect(tx)
})

test('while posts are canceled and scheduled at once, what is committed never passes the limit', async () => {
  const tx = await connect()
  const account = await connectAccount(tx)
  const others = await connectMore(tx, account)
  await setLimit(tx, account, 4 * POST)

  const results = await race(6, async (client, index) => {
    for (let step = 0; step < 10; step += 1) {
      const mine = others[(index + step) % others.length] as Account
      const post = await create(client, mine).catch((error: Error) => {
        if (error.message !== 'over-budget') throw error
        return null
      })
      expect(await committed(client, account.person)).toBeLessThanOrEqual(4 * POST)
      if (post) await commitAs(client, account.person, 'public.cancel_post($1)', [post.id])
    }
  })

  for (const result of results) if (result.status === 'rejected') throw result.reason
  expect(await committed(tx, account.person)).toBe(0)
  await expectLedgerAddsUp(tx)
  await disconnect(tx)
}, 60_000)

test('a limit that is lowered while others schedule leaves no more committed than it was judged by', async () => {
  const tx = await connect()
  const account = await connectAccount(tx)
  await setLimit(tx, account, 100 * POST)

  const results = await race(5, async (client, index) => {
    if (index === 0) {
      return commitAs(client, account.person, 'public.set_budget($1, $2)', [
        account.person.workspaceId,
        2 * POST,
      ])
    }
    for (let n = 0; n < 3; n += 1) await create(client, account, ['text'], new Date())
  })

  const { rows } = await tx.query(
    `select (stopped_at is not null) as stopped from private.budgets where workspace_id = $1`,
    [account.person.workspaceId],
  )
  expect(outcomes(results).refusals.every((slug) => slug === 'over-budget')).toBe(true)
  expect(rows[0].stopped).toBe((await committed(tx, account.person)) > 2 * POST)
  await expectLedgerAddsUp(tx)
  await disconnect(tx)
})

test('of many who want the last places of a day, as many get one as there are', async () => {
  const tx = await connect()
  await setCap(tx, 7)
  const accounts: Account[] = []
  for (let n = 0; n < 10; n += 1) accounts.push(await connectAccount(tx))

  const results = await race(10, async (client, index, meet) => {
    await meet()
    return create(client, accounts[index] as Account, ['one', 'two'])
  })

  expect(outcomes(results)).toEqual({ made: 3, refusals: ['day-full'] })
  expect(await placesTaken(tx)).toBe(6)
  await expectLedgerAddsUp(tx)
  await disconnect(tx)
})
