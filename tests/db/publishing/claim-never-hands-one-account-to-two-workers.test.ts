import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { connect, withTx } from '../../helpers/database.ts'
import {
  claimJobs,
  connectAccount,
  count,
  go,
  NOW,
  schedulePost,
} from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'

test('never hands one account, nor one post, to two workers that claim at once', async () => {
  const tx = await connect()
  for (let index = 0; index < 40; index += 1) {
    const account = await connectAccount(tx)
    await schedulePost(tx, account)
    await schedulePost(tx, account)
  }

  const claims = await race(8, (client) => claimJobs(client, { lanes: 11, perLane: 1 }))

  const lanes = claims.flatMap((claim) => (claim.status === 'fulfilled' ? claim.value.lanes : []))
  const accounts = lanes.map((lane) => lane.account_id)
  const posts = lanes.flatMap((lane) => lane.jobs.map((job) => job.post_id))
  expect(new Set(accounts).size).toBe(accounts.length)
  expect(new Set(posts).size).toBe(posts.length)
  expect(claims.every(({ status }) => status === 'fulfilled')).toBe(true)
  // Locked candidates are skipped, so a race may leave some for the next claim; it must find them.
  const rest = await claimJobs(tx, { lanes: 500, perLane: 1 })
  expect(accounts.length + rest.lanes.length).toBe(40)
})

test('answers a repeated claim with the same batch', async () => {
  const tx = await connect()
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account)
  const claimId = randomUUID()

  const first = await claimJobs(tx, { claimId })
  const again = await claimJobs(tx, { claimId })

  expect(first.lanes.flatMap(({ jobs }) => jobs).map((job) => job.post_id)).toContain(post)
  expect(again.lanes).toEqual(first.lanes)
})

test('a claim that is carried out again, late, leaves a lane alone that is sending', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const first = await schedulePost(tx, account)
    const claim = await claimJobs(tx)
    expect(await go(tx, claim.claimId, [first])).toHaveLength(1)
    await schedulePost(tx, account)
    await tx.query(`update private.publish_jobs set run_at = run_at + interval '6 s'
      where account_id = '${account.id}' and state = 'waiting'`)

    await claimJobs(tx, { claimId: claim.claimId })

    const another = await claimJobs(tx, { now: new Date(NOW.getTime() + 2_000) })
    expect(another.lanes.filter(({ account_id }) => account_id === account.id)).toEqual([])
  }))

test('takes a lapsed claim again at once, and fences the worker that lost it', async () => {
  const tx = await connect()
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account)
  const lost = await claimJobs(tx)
  const mine = (claim: typeof lost) => claim.lanes.find((lane) => lane.account_id === account.id)

  const early = await claimJobs(tx, { now: new Date(NOW.getTime() + 14_000) })
  const later = await claimJobs(tx, { now: new Date(NOW.getTime() + 15_000) })

  expect(mine(early)).toBeUndefined()
  expect(mine(later)).toBeDefined()
  expect(await go(tx, lost.claimId, [post], { now: new Date(NOW.getTime() + 15_000) })).toEqual([])
  expect(await count(tx, 'private.publish_jobs where post_id = $1', [post])).toBe(1)
})

test('gives a lapsed claim back whose lane is closed for longer than a worker waits', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account)
    await claimJobs(tx)
    const windowEnd = new Date(NOW.getTime() + 900_000)
    const lanes = 'private.account_lanes where account_id = $1'
    await tx.query('update private.account_lanes set blocked_until = $2 where account_id = $1', [
      account.id,
      windowEnd,
    ])

    const later = await claimJobs(tx, { now: new Date(NOW.getTime() + 15_000) })

    expect(later.lanes.map((lane) => lane.account_id)).not.toContain(account.id)
    const { rows } = await tx.query(`select claim_id, ready_at from ${lanes}`, [account.id])
    expect(rows).toEqual([{ claim_id: null, ready_at: windowEnd }])
  }))
