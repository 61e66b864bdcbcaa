import { expect, test } from 'vitest'
import {
  compareRollups,
  publishedPost,
  readingAt,
  rollUp,
  rollUpAll,
  saveMetrics,
} from '../../helpers/analytics.ts'
import { connect } from '../../helpers/database.ts'
import { connectAccount, count } from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'

async function expectExact(tx: Awaited<ReturnType<typeof connect>>) {
  for (const [kind, actual, expected] of await compareRollups(tx)) {
    expect({ kind, rows: actual }).toEqual({ kind, rows: expected })
  }
}

test('counts every reading once when savers of the same posts and folders run at once', async () => {
  const tx = await connect()
  const account = await connectAccount(tx)
  const posts: string[] = []
  for (let index = 0; index < 3; index += 1) posts.push(await publishedPost(tx, account))

  const done = await race(6, async (client, index) => {
    for (let round = 0; round < 15; round += 1) {
      if (index % 3 === 2) {
        await rollUp(client, 2)
        continue
      }
      // Two savers share every moment, each in its own order, with different counters.
      const readings = posts.map((post, place) =>
        readingAt(post, ((round * 7 + index * 3 + place) % 20) * 600, {
          impressions: round * index,
        }),
      )
      await saveMetrics(client, index % 2 ? readings.reverse() : readings)
    }
  })

  expect(done.filter(({ status }) => status === 'rejected')).toEqual([])
  await rollUpAll(tx)
  await expectExact(tx)
})

test('loses and doubles nothing when a folder is killed before its commit', async () => {
  const tx = await connect()
  const account = await connectAccount(tx)
  const post = await publishedPost(tx, account)
  await saveMetrics(tx, [readingAt(post, 10, { impressions: 7, likes: 2 })])
  await saveMetrics(tx, [readingAt(post, 4000, { impressions: 5, likes: 3 })])

  const victim = await connect()
  await victim.query('begin')
  const killed = await rollUp(victim)
  const { rows } = await victim.query<{ pid: number }>('select pg_backend_pid() as pid')
  await tx.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid])

  expect(killed.folded).toBeGreaterThan(0)
  expect(await count(tx, 'public.account_stats_hourly where account_id = $1', [account.id])).toBe(0)
  await rollUpAll(tx)
  await expectExact(tx)
})

test('two folders share the work and never wait for each other', async () => {
  const tx = await connect()
  const account = await connectAccount(tx)
  const other = await connectAccount(tx)
  for (const owner of [account, other]) {
    const post = await publishedPost(tx, owner)
    await saveMetrics(tx, [readingAt(post, 10, { impressions: 3 })])
  }
  const waiting = await connect()
  await waiting.query('begin')
  await waiting.query('select from private.stat_increments order by id limit 1 for update')

  const { folded, is_empty } = await rollUp(tx)

  expect(folded).toBeGreaterThan(0)
  expect(is_empty).toBe(false)
  await waiting.query('rollback')
  await rollUpAll(tx)
  await expectExact(tx)
})

test('drops what an account that was deleted meanwhile had gathered', async () => {
  const tx = await connect()
  const account = await connectAccount(tx)
  const post = await publishedPost(tx, account)
  await saveMetrics(tx, [readingAt(post, 10, { impressions: 3 })])
  await tx.query('delete from public.accounts where id = $1', [account.id])

  await rollUpAll(tx)

  expect(await count(tx, 'private.stat_increments')).toBe(0)
  expect(await count(tx, 'public.account_stats_daily where account_id = $1', [account.id])).toBe(0)
})
