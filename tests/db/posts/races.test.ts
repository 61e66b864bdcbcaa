import { expect, test } from 'vitest'
import type { Attempt } from '../../../shared/publishing/batches.ts'
import { connect, disconnect, type Tx } from '../../helpers/database.ts'
import { commitAs, newText } from '../../helpers/posts.ts'
import {
  type Account,
  claimJobs,
  connectAccount,
  count,
  go,
  readPost,
  readSegments,
  resultFor,
  schedulePost,
  settle,
} from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'

type Post = { id: string; account: Account }

async function duePosts(tx: Tx, accounts: number, perAccount: number): Promise<Post[]> {
  const posts: Post[] = []
  for (let lane = 0; lane < accounts; lane += 1) {
    const account = await connectAccount(tx)
    for (let place = 0; place < perAccount; place += 1) {
      posts.push({ id: await schedulePost(tx, account), account })
    }
  }
  return posts
}

/** One round of a worker: claims, goes, X accepts everything. Returns what was sent. */
async function work(client: Tx): Promise<Attempt[]> {
  const { claimId, lanes } = await claimJobs(client, { lanes: 3, perLane: 4 })
  const ids = lanes.flatMap(({ jobs }) => jobs.map((job) => job.post_id))
  const attempts = await go(client, claimId, ids)
  const results = attempts.map((attempt) => resultFor(attempt, 'accepted'))
  await settle(client, claimId, results, { release: lanes.map((lane) => lane.account_id) })
  return attempts
}

const waiting = (tx: Tx) => count(tx, 'private.publish_jobs')

/** Workers send until nothing waits, while `meddle` does what callers do. */
async function workWhile(posts: Post[], meddle: (client: Tx, post: Post) => Promise<unknown>) {
  const [workers, callers] = [3, 3]
  const sent: Attempt[] = []
  const refusals: string[] = []
  const results = await race(workers + callers, async (client, index) => {
    if (index < workers) {
      while ((await waiting(client)) > 0) sent.push(...(await work(client)))
      return
    }
    for (const [place, post] of posts.entries()) {
      if (place % callers !== index - workers) continue
      try {
        await meddle(client, post)
      } catch (error) {
        const { code, message } = error as { code: string; message: string }
        if (code !== 'PT409') throw error
        refusals.push(message)
      }
    }
  })
  for (const result of results) if (result.status === 'rejected') throw result.reason
  return { sent, refusals }
}

test('a post that is canceled while workers claim and send is never sent, and none waits forever', async () => {
  const tx = await connect()
  const posts = await duePosts(tx, 5, 12)

  const { sent } = await workWhile(posts, (client, { id, account }) =>
    commitAs(client, account.person, 'public.cancel_post($1)', [id]),
  )

  const sentIds = sent.map((attempt) => attempt.post_id)
  expect(new Set(sentIds).size).toBe(sentIds.length)
  for (const { id } of posts) {
    const { status } = await readPost(tx, id)
    expect(status).toBe(sentIds.includes(id) ? 'published' : 'canceled')
    const attempts = await count(tx, 'public.publish_attempts where post_id = $1', [id])
    expect(attempts).toBe(sentIds.includes(id) ? 1 : 0)
  }
  await disconnect(tx)
}, 60_000)

test('a post that is edited while workers claim and send goes out as it was last accepted', async () => {
  const tx = await connect()
  const posts = await duePosts(tx, 5, 12)
  const accepted = new Map<string, string>()

  const { sent, refusals } = await workWhile(posts, async (client, { id, account }) => {
    const text = newText()
    await commitAs(client, account.person, 'public.update_post($1, $2)', [id, { segments: [text] }])
    accepted.set(id, text)
  })

  expect(sent).toHaveLength(posts.length)
  expect(refusals.every((slug) => slug === 'post-not-editable')).toBe(true)
  for (const { post_id, text } of sent) {
    expect(accepted.get(post_id) ?? text).toBe(text)
    expect(await readPost(tx, post_id)).toMatchObject({ status: 'published', content: text })
  }
  await disconnect(tx)
}, 60_000)

test('posts that are moved, canceled and scheduled by many at once leave no deadlock and no ghost', async () => {
  const tx = await connect()
  const posts = await duePosts(tx, 2, 6)
  const verbs = [
    `public.schedule_post($1, now() + interval '1 day')`,
    'public.unschedule_post($1)',
    'public.publish_post($1)',
    `public.update_post($1, '{"segments": ["x"]}')`,
  ]

  const results = await race(8, async (client, index) => {
    for (let step = 0; step < 24; step += 1) {
      const { id, account } = posts[(index * 5 + step * 7) % posts.length] as Post
      await commitAs(client, account.person, verbs[(index + step) % verbs.length] ?? '', [id])
      if (index === 0) await claimJobs(client, { lanes: 1 })
    }
  })

  for (const result of results) if (result.status === 'rejected') throw result.reason
  for (const { id } of posts) {
    const { status } = await readPost(tx, id)
    const jobs = await count(tx, 'private.publish_jobs where post_id = $1', [id])
    expect(jobs).toBe(status === 'scheduled' ? 1 : 0)
    expect(await readSegments(tx, id)).toHaveLength(1)
  }
  await disconnect(tx)
}, 60_000)

test('of many edits of one version, one is made', async () => {
  const tx = await connect()
  const [post] = await duePosts(tx, 1, 1)
  const { id, account } = post as Post
  const { version } = await readPost(tx, id)

  const edits = await race(6, (client, index) =>
    commitAs(client, account.person, 'public.update_post($1, $2, $3)', [
      id,
      { segments: [`edit ${index}`] },
      version,
    ]),
  )

  const made = edits.findIndex(({ status }) => status === 'fulfilled')
  expect(edits.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(await readPost(tx, id)).toMatchObject({ content: `edit ${made}`, version: version + 1 })
  await disconnect(tx)
})
