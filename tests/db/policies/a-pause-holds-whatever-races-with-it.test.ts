import { expect, test } from 'vitest'
import { connect, disconnect, type Tx } from '../../helpers/database.ts'
import {
  type Account,
  actFor,
  claimJobs,
  connectAccount,
  count,
  go,
  readPost,
  resultFor,
  schedulePost,
  settle,
} from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'

const WORKERS = 3

/** One round of a worker: claims, goes, X accepts everything. */
async function work(client: Tx): Promise<void> {
  const { claimId, lanes } = await claimJobs(client, { lanes: 3, perLane: 2 })
  const ids = lanes.flatMap(({ jobs }) => jobs.map((job) => job.post_id))
  const attempts = await go(client, claimId, ids)
  const results = attempts.map((attempt) => resultFor(attempt, 'accepted'))
  await settle(client, claimId, results, { release: lanes.map((lane) => lane.account_id) })
}

/** Every attempt that was ever begun for the workspace: an ended one moves from live to its row. */
const begun = (tx: Tx, account: Account) =>
  count(
    tx,
    `(
      select from private.live_attempts where workspace_id = $1
      union all
      select from public.publish_attempts where workspace_id = $1
    ) as attempts`,
    [account.person.workspaceId],
  )

const waiting = (tx: Tx, account: Account) =>
  count(tx, 'private.publish_jobs where workspace_id = $1', [account.person.workspaceId])

const STOPS = {
  'paused by its members': [
    `public.update_workspace($1, '{"paused": true}')`,
    `public.update_workspace($1, '{"paused": false}')`,
  ],
  'suspended by the operator': [
    `private.suspend_workspace($1, 'x')`,
    'private.unsuspend_workspace($1)',
  ],
} as const

test.each(Object.entries(STOPS))(
  'while a workspace is %s no attempt of it begins, and all go out after',
  async (_, [stop, resume]) => {
    const tx = await connect()
    const account = await connectAccount(tx)
    const accounts = [account, await connectAccount(tx, account.person)]
    const posts: string[] = []
    for (let place = 0; place < 40; place += 1) {
      posts.push(await schedulePost(tx, accounts[place % 2] as Account, { latePolicy: 'publish' }))
    }

    const quiet: [before: number, after: number][] = []
    const results = await race(WORKERS + 1, async (client, index) => {
      if (index < WORKERS) {
        while ((await waiting(client, account)) > 0) await work(client)
        return
      }
      await actFor(client, account)
      for (let turn = 0; turn < 8; turn += 1) {
        await client.query(`select ${stop}`, [account.person.workspaceId])
        const before = await begun(client, account)
        for (let round = 0; round < 3; round += 1) await work(client)
        quiet.push([before, await begun(client, account)])
        await client.query(`select ${resume}`, [account.person.workspaceId])
        await work(client)
      }
    })

    for (const result of results) if (result.status === 'rejected') throw result.reason
    for (const [before, after] of quiet) expect(after).toBe(before)
    for (const id of posts) expect((await readPost(tx, id)).status).toBe('published')
    expect(await begun(tx, account)).toBe(posts.length)
    await disconnect(tx)
  },
  60_000,
)
