import { expect, test } from 'vitest'
import { useChaosStack } from '../../helpers/chaos-stack.ts'
import {
  newSandboxAccount,
  readPostAs,
  type SandboxAccount,
  scheduleAt,
  untilUnconfirmedOnce,
} from '../../helpers/sandbox-account.ts'
import { until } from '../../helpers/until.ts'

const chaos = useChaosStack()
const soon = (ms = 1_500) => new Date(Date.now() + ms)

const misbehave = (account: SandboxAccount, kind: string, rest: object = {}) =>
  chaos.x().addFault({
    match: { username: account.username, method: 'POST', path: '/2/tweets' },
    kind,
    times: 1,
    ...rest,
  })

const status = async (account: SandboxAccount, post: string) =>
  (await readPostAs(account.client, post)).status

const untilStatus = (account: SandboxAccount, post: string, wanted: string) =>
  until(`the post is ${wanted}`, async () => (await status(account, post)) === wanted, 30_000)

/** Every look is due, and nothing can wake any more that might still send. */
const letQuietTimePass = async () => {
  const sql = chaos.sql()
  await sql.query(`update private.live_attempts set sending_at = sending_at - interval '500 seconds'
    where next_look_at is not null and sending_at > now() - interval '500 seconds'`)
  await sql.query(`update private.live_attempts set next_look_at = now()
    where next_look_at > now() and look_id is null`)
}

test('sends again, once, what X provably never took', async () => {
  const account = await newSandboxAccount(chaos.stack().state)
  await misbehave(account, '500_before')
  const post = await scheduleAt(account, soon())
  await untilStatus(account, post, 'unconfirmed')
  expect(await chaos.x().accepted(account.username)).toHaveLength(0)

  await until(
    'it is published after two looks',
    async () => {
      await letQuietTimePass()
      return (await status(account, post)) === 'published'
    },
    45_000,
  )

  expect(await chaos.x().accepted(account.username)).toHaveLength(1)
})

test('a thread that runs into a rate window waits visibly and ends whole, in order', async () => {
  const account = await newSandboxAccount(chaos.stack().state)
  await misbehave(account, '429', { after: 1, ms: 180_000 })
  const post = await scheduleAt(account, soon(), ['one', 'two', 'three'])
  await untilStatus(account, post, 'partially_published')
  expect(await chaos.x().accepted(account.username)).toHaveLength(1)

  // The window ends.
  const sql = chaos.sql()
  await sql.query('update private.publish_jobs set run_at = now() where post_id = $1', [post])
  await sql.query(
    `update private.account_lanes set blocked_until = now(), ready_at = now() where account_id = $1`,
    [account.id],
  )
  await untilStatus(account, post, 'published')

  const accepted = await chaos.x().accepted(account.username)
  expect(accepted.map(({ text }) => text)).toEqual(['one', 'two', 'three'])
  expect(accepted.map(({ reply_to }) => reply_to)).toEqual([null, accepted[0]?.id, accepted[1]?.id])
})

test('one 401 costs a refresh, not the account and not a second post', async () => {
  const account = await newSandboxAccount(chaos.stack().state)
  await misbehave(account, '401')
  const post = await scheduleAt(account, soon())

  await untilStatus(account, post, 'published')

  expect(await chaos.x().accepted(account.username)).toHaveLength(1)
  const { rows } = await chaos.sql().query(
    `select accounts.status, tokens.version::int
     from public.accounts join private.account_tokens as tokens on tokens.account_id = accounts.id
     where accounts.id = $1`,
    [account.id],
  )
  expect(rows).toEqual([{ status: 'active', version: 2 }])
})

test('a worker that is frozen past its deadline wakes up and doubles nothing', async () => {
  const account = await newSandboxAccount(chaos.stack().state)
  await misbehave(account, 'latency', { ms: 1_500 })
  const post = await scheduleAt(account, soon())
  await until('it is being sent', async () => (await status(account, post)) === 'publishing')

  const workers = chaos
    .stack()
    .functions.stats()
    .filter(({ slug }) => slug === 'publish')
  for (const { pid } of workers) process.kill(pid, 'SIGSTOP')
  try {
    await chaos.sql().query('update private.live_attempts set deadline_at = now()')
    await untilUnconfirmedOnce(account.client, post)
  } finally {
    for (const { pid } of workers) process.kill(pid, 'SIGCONT')
  }

  await untilStatus(account, post, 'published')
  expect(await chaos.x().accepted(account.username)).toHaveLength(1)
})

test('depleted credits stop everybody, and everybody goes on afterwards, once', async () => {
  const accounts = [
    await newSandboxAccount(chaos.stack().state),
    await newSandboxAccount(chaos.stack().state),
  ]
  for (const account of accounts) await misbehave(account, '402')
  const posts = await Promise.all(accounts.map((account) => scheduleAt(account, soon())))
  const breaker = async () =>
    (await chaos.sql().query('select breaker_open_until > now() as open from private.x_apps'))
      .rows[0]?.open === true
  await until('the breaker is open', breaker, 30_000)

  // Somebody buys credits.
  await chaos.x().clearFaults()
  await chaos.sql().query(`update private.x_apps set breaker_open_until = '-infinity'`)
  await chaos
    .sql()
    .query(`select private.refresh_lanes(array(select account_id from private.account_lanes))`)

  for (const [index, account] of accounts.entries()) {
    await untilStatus(account, posts[index] ?? '', 'published')
    expect(await chaos.x().accepted(account.username)).toHaveLength(1)
  }
})
