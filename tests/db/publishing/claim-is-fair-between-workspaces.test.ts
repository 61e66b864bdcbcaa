import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { connect, type Tx, withTx } from '../../helpers/database.ts'
import {
  type Account,
  at,
  claimJobs,
  connectAccount,
  schedulePost,
} from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'

test('is fair: a workspace with many ready accounts does not push others out', () =>
  withTx(async (tx) => {
    const big = await connectAccount(tx)
    await schedulePost(tx, big, { due: at(-2) })
    for (let index = 0; index < 15; index += 1) {
      await schedulePost(tx, await connectAccount(tx, big.person), { due: at(-2) })
    }
    const small = await connectAccount(tx)
    await schedulePost(tx, small, { due: at(-1) })

    const claim = await claimJobs(tx, { lanes: 8 })

    expect(claim.lanes.map((lane) => lane.account_id)).toContain(small.id)
  }))

test('gives nobody a second turn where more workspaces wait than lanes are wanted', () =>
  withTx(async (tx) => {
    for (let workspace = 0; workspace < 6; workspace += 1) {
      const first = await connectAccount(tx)
      await schedulePost(tx, first, { due: at(-1 - workspace) })
      for (let index = 0; index < 2; index += 1) {
        const next = await connectAccount(tx, first.person)
        await schedulePost(tx, next, { due: at(-1 - workspace) })
      }
    }

    const claim = await claimJobs(tx, { lanes: 4 })

    expect(claim.lanes).toHaveLength(4)
    expect(new Set(claim.lanes.map((lane) => lane.workspace_id)).size).toBe(4)
  }))

/** More accounts of the same person, each with `posts` posts that are due. */
const crowd = async (tx: Tx, { person }: Account, accounts: number, posts: number) => {
  const rows = Array.from({ length: accounts }, () => ({
    id: randomUUID(),
    workspace_id: person.workspaceId,
    user_id: person.id,
    x_app_id: '00000000-0000-0000-0000-000000000001',
    remote_user_id: randomUUID(),
    twitter_username: 'someone',
    encrypted_tokens: 'v1.test.iv.sealed',
    expires_at: at(86_400),
    scopes: ['tweet.write'],
  }))
  await tx.query(
    'select count(service.connect_account(account)) from jsonb_array_elements($1) as account',
    [JSON.stringify(rows)],
  )
  await tx.query(
    `with made as (
       insert into public.posts (workspace_id, account_id, content, status, scheduled_at)
       select $1, account_id, 'text', 'scheduled', $4
       from unnest($2::uuid[]) as account_id, generate_series(1, $3)
       returning id
     ), segments as (
       insert into public.post_segments (post_id, position, workspace_id, text)
       select id, 0, $1, 'text' from made
     )
     select private.enqueue_posts(array_agg(id), $4 - interval '1 day') from made`,
    [person.workspaceId, rows.map(({ id }) => id), posts, at(-60)],
  )
}

test('5,000 posts of one workspace delay the only post of another by no round', async () => {
  const tx = await connect()
  await crowd(tx, await connectAccount(tx), 1_000, 5)
  const small = await connectAccount(tx)
  const post = await schedulePost(tx, small, { due: at(-1) })

  const claims = await race(3, (client) => claimJobs(client, { lanes: 100, perLane: 5 }))

  const firstRound = claims.flatMap((claim) =>
    claim.status === 'fulfilled' ? claim.value.lanes : [],
  )
  expect(firstRound).toHaveLength(300)
  const jobs = firstRound.flatMap((lane) => lane.jobs.map((job) => job.post_id))
  expect(jobs).toContain(post)
  expect(new Set(jobs).size).toBe(jobs.length)
})
