import { expect, test } from 'vitest'
import { useChaosStack } from '../../helpers/chaos-stack.ts'
import {
  newSandboxAccount,
  readPostAs,
  scheduleAt,
  untilUnconfirmedOnce,
} from '../../helpers/sandbox-account.ts'
import { until } from '../../helpers/until.ts'

const chaos = useChaosStack()
const soon = (ms = 1_500) => new Date(Date.now() + ms)

/** The rescuer's deadline and the reconciler's next look, as if they had come. */
const letTimePass = async () => {
  await chaos
    .sql()
    .query('update private.live_attempts set deadline_at = now() where next_look_at is null')
  await chaos.sql().query('select private.tick()')
  await chaos.sql().query('update private.live_attempts set next_look_at = now()')
}

const published = (account: Awaited<ReturnType<typeof newSandboxAccount>>, id: string) =>
  until(
    'the post is published',
    async () => (await readPostAs(account.client, id)).status === 'published',
    30_000,
  )

test('adopts what X accepted when the worker dies between accept and settle', async () => {
  const account = await newSandboxAccount(chaos.stack().state)
  await chaos.x().addFault({
    match: { username: account.username, method: 'POST', path: '/2/tweets' },
    kind: 'hang_after',
    times: 1,
  })
  const post = await scheduleAt(account, soon())
  await until(
    'X accepted it',
    async () => (await chaos.x().accepted(account.username)).length === 1,
  )

  expect(await chaos.stack().functions.kill('publish')).toBeGreaterThan(0)
  await letTimePass()

  await published(account, post)
  expect(await chaos.x().accepted(account.username)).toHaveLength(1)
})

test('sends once what a worker had claimed but not sent when it died', async () => {
  const account = await newSandboxAccount(chaos.stack().state)
  const post = await scheduleAt(account, soon(4_500))
  await until('the post is claimed', async () => {
    const { rowCount } = await chaos.sql().query(
      `select from private.publish_jobs join private.account_lanes using (account_id)
           where post_id = $1 and claim_id is not null`,
      [post],
    )
    return rowCount === 1
  })

  expect(await chaos.stack().functions.kill('publish')).toBeGreaterThan(0)

  await published(account, post)
  expect(await chaos.x().accepted(account.username)).toHaveLength(1)
})

test('sends nothing that was canceled between claim and send', async () => {
  const account = await newSandboxAccount(chaos.stack().state)
  const post = await scheduleAt(account, soon(4_000))
  const witness = await scheduleAt(account, soon(4_100))
  await until('the post is claimed', async () => {
    const { rowCount } = await chaos.sql().query(
      `select from private.publish_jobs join private.account_lanes using (account_id)
           where post_id = $1 and claim_id is not null`,
      [post],
    )
    return rowCount === 1
  })

  const { error } = await account.client.rpc('cancel_post', { p_post_id: post })

  expect(error).toBeNull()
  await published(account, witness)
  expect((await readPostAs(account.client, post)).status).toBe('canceled')
  expect(await chaos.x().accepted(account.username)).toHaveLength(1)
})

test('never doubles a post that X took and answered with an error', async () => {
  const account = await newSandboxAccount(chaos.stack().state)
  const match = { username: account.username, method: 'POST', path: '/2/tweets' }
  await chaos.x().addFault({ match, kind: '500_after', times: 1 })
  const taken = await scheduleAt(account, soon())
  await untilUnconfirmedOnce(account.client, taken)

  await letTimePass()

  await published(account, taken)
  expect(await chaos.x().accepted(account.username)).toHaveLength(1)
})
