import { randomUUID } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { connect, type Tx } from '../../helpers/database.ts'
import { expectLedgerAddsUp } from '../../helpers/money.ts'
import { commitAs } from '../../helpers/posts.ts'
import { type Account, at, connectAccount, schedulePost } from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'
import { refusalOf } from '../../helpers/refusal.ts'

type Own = Account & { appId: string }

/** Far longer than it takes, and short enough that a wait for a transaction of the test is seen. */
const impatient = async (): Promise<Tx> => {
  const tx = await connect()
  await tx.query(`set lock_timeout = '3s'`)
  return tx
}

/** An account on an X app of its workspace, which has no cap. */
const ownAccount = async (tx: Tx): Promise<Own> => {
  const account = await connectAccount(tx)
  const app = await commitAs<{ id: string }>(
    tx,
    account.person,
    `public.create_x_app($1, $2, 'v1.k.iv.sealed')`,
    [
      account.person.workspaceId,
      { id: randomUUID(), name: 'Own', client_id: randomUUID(), posts_per_day: null },
    ],
  )
  await tx.query('update public.accounts set x_app_id = $2 where id = $1', [account.id, app.id])
  return { ...account, appId: app.id }
}

const setCap = (tx: Tx, { person, appId }: Own, cap: number | null) =>
  commitAs(tx, person, 'public.update_x_app($1, $2)', [appId, { posts_per_day: cap }])

const due = at(86_400)
const schedule = (tx: Tx, account: Account) => schedulePost(tx, account, { due })

const taken = async (tx: Tx, { appId }: Own): Promise<number | undefined> =>
  (await tx.query('select taken from private.app_days where x_app_id = $1', [appId])).rows[0]?.taken

let [scheduling, patching]: Tx[] = []
beforeEach(async () => {
  ;[scheduling, patching] = [await impatient(), await impatient()]
})

test('a cap that is set while a post is being scheduled waits for nobody, and counts that post', async () => {
  const [one, two] = [scheduling as Tx, patching as Tx]
  const account = await ownAccount(one)
  await one.query('begin')
  await schedule(one, account)
  await setCap(two, account, 1)
  await one.query('commit')

  expect(await taken(two, account)).toBe(1)
  await one.query('begin')
  const post = { account_id: account.id, segments: ['more'], scheduled_at: due }
  await one.query(`select set_config('request.jwt.claims', $1, true)`, [
    JSON.stringify({ sub: account.person.id, role: 'authenticated' }),
  ])
  expect(await refusalOf(one, 'select public.create_post($1)', [post])).toMatchObject({
    message: 'day-full',
  })
  await one.query('rollback')
  await expectLedgerAddsUp(two)
})

test('a cap that is being set holds up nobody who schedules, through that app or another', async () => {
  const [one, two] = [scheduling as Tx, patching as Tx]
  const [account, other] = [await ownAccount(one), await ownAccount(one)]
  await two.query('begin')
  await two.query(`select set_config('request.jwt.claims', $1, true)`, [
    JSON.stringify({ sub: account.person.id, role: 'authenticated' }),
  ])
  await two.query('select public.update_x_app($1, $2)', [account.appId, { posts_per_day: 50 }])

  await schedule(one, other)
  await schedule(one, account)
  await two.query('commit')
  expect([await taken(one, account), await taken(one, other)]).toEqual([1, 1])
  await expectLedgerAddsUp(one)
})

test('however caps come and go while posts are scheduled and canceled, no place is left uncounted', async () => {
  const first = await ownAccount(scheduling as Tx)
  const accounts = [first]
  for (let n = 0; n < 2; n += 1) {
    const account = await connectAccount(scheduling as Tx, first.person)
    await scheduling?.query('update public.accounts set x_app_id = $2 where id = $1', [
      account.id,
      first.appId,
    ])
    accounts.push({ ...account, appId: first.appId })
  }
  const results = await race(4, async (client, index, meet) => {
    await meet()
    for (let round = 0; round < 8; round += 1) {
      const account = accounts[index]
      if (!account) {
        await setCap(client, first, round % 2 ? 1000 : null)
        continue
      }
      const post = await schedule(client, account)
      if (round % 4 === 3) await commitAs(client, first.person, 'public.cancel_post($1)', [post])
    }
  })
  expect(results.filter(({ status }) => status === 'rejected')).toEqual([])
  expect(await taken(patching as Tx, first)).toBe(3 * 6)
  await expectLedgerAddsUp(patching as Tx)
})
