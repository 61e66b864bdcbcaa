import { expect, test } from 'vitest'
import { compareRollups } from '../../helpers/analytics.ts'
import { useChaosStack } from '../../helpers/chaos-stack.ts'
import {
  newSandboxAccount,
  readPostAs,
  type SandboxAccount,
  scheduleAt,
} from '../../helpers/sandbox-account.ts'
import { until } from '../../helpers/until.ts'

const chaos = useChaosStack()
const LOOK_UP = { method: 'GET', path: '/2/tweets' }

const publish = async (account: SandboxAccount) => {
  const post = await scheduleAt(account, new Date(Date.now() + 1_000))
  await until(
    'the post is published',
    async () => (await readPostAs(account.client, post)).status === 'published',
    30_000,
  )
  return post
}

type Lane = { blocked_until: Date; claim_id: string | null; is_blocked: boolean }

const laneOf = async (account: SandboxAccount) => {
  const { rows } = await chaos.sql().query<Lane>(
    `select *, blocked_until > now() and blocked_until < 'infinity' as is_blocked
       from private.collection_lanes where account_id = $1`,
    [account.id],
  )
  return rows[0]
}

/** Waits until RLS shows the account's owner impressions in the daily rollup. */
const rolledUp = (account: SandboxAccount) =>
  until(
    'metrics are rolled up',
    async () => {
      const { data } = await account.client
        .from('account_stats_daily')
        .select('posts, impressions')
        .eq('account_id', account.id)
      return data?.find((day) => day.impressions > 0)
    },
    45_000,
  )

async function expectNoDrift() {
  const client = await chaos.sql().connect()
  try {
    await until('nothing is left to fold', async () => {
      const { rowCount } = await client.query('select from private.stat_increments limit 1')
      return rowCount === 0
    })
    for (const [kind, actual, expected] of await compareRollups(client)) {
      expect({ kind, rows: actual }).toEqual({ kind, rows: expected })
    }
  } finally {
    client.release()
  }
}

test('a published post has its first metrics rolled up within seconds', async () => {
  const account = await newSandboxAccount(chaos.stack().state)
  const post = await publish(account)

  expect(await rolledUp(account)).toMatchObject({ posts: 1 })

  const { data } = await account.client.rpc('get_post_analytics', { p_post_id: post })
  expect(data.series.length).toBeGreaterThan(0)
  await expectNoDrift()
})

test('a worker killed while it reads loses nothing and counts nothing twice', async () => {
  const account = await newSandboxAccount(chaos.stack().state)
  await chaos.x().addFault({
    match: { ...LOOK_UP, username: account.username },
    kind: 'hang',
  })
  await publish(account)
  await until('the account is claimed', async () => (await laneOf(account))?.claim_id, 30_000)

  expect(await chaos.stack().functions.kill('analytics')).toBeGreaterThan(0)
  await chaos.x().clearFaults()
  // The end of the lease, as if it had come.
  await chaos
    .sql()
    .query('update private.collection_lanes set ready_at = now() where claim_id is not null')

  await rolledUp(account)
  await expectNoDrift()
})

test('a full rate window leaves the account alone until it ends', async () => {
  const account = await newSandboxAccount(chaos.stack().state)
  await chaos.x().addFault({ match: { ...LOOK_UP, username: account.username }, kind: '429' })
  await publish(account)
  await until('the account is set aside', async () => (await laneOf(account))?.is_blocked, 30_000)

  await chaos.x().clearFaults()
  const lane = await laneOf(account)
  expect(lane?.claim_id).toBeNull()
  await chaos.sql().query(
    `update private.collection_lanes set blocked_until = now(), ready_at = now()
       where account_id = $1`,
    [account.id],
  )

  await rolledUp(account)
  await expectNoDrift()
})
