import { expect, test } from 'vitest'
import { useChaosStack } from '../../helpers/chaos-stack.ts'
import {
  addSandboxAccount,
  newSandboxAccount,
  readPostAs,
  scheduleAt,
} from '../../helpers/sandbox-account.ts'
import { until } from '../../helpers/until.ts'

const chaos = useChaosStack()

const ring = () => {
  const { functions_url, cron_key } = chaos.stack().state
  return fetch(`${functions_url}/publish`, { method: 'POST', headers: { apikey: cron_key } })
}

/** Posts of several accounts of one person, all due at one instant. */
const spike = async (accounts: number, each: number, dueInMs: number) => {
  const owner = await newSandboxAccount(chaos.stack().state)
  const more = await Promise.all(
    Array.from({ length: accounts - 1 }, () => addSandboxAccount(chaos.stack().state, owner)),
  )
  const all = [owner, ...more].map((account) => ({ ...account, client: owner.client }))
  const due = new Date(Date.now() + dueInMs)
  const posts: string[] = []
  for (const account of all) {
    for (let index = 0; index < each; index += 1) posts.push(await scheduleAt(account, due))
  }
  return { owner, all, posts }
}

const acceptedTexts = async (usernames: string[]) =>
  (await Promise.all(usernames.map((username) => chaos.x().accepted(username))))
    .flat()
    .map(({ text }) => text)

const allPublished = ({ owner, posts }: Awaited<ReturnType<typeof spike>>) =>
  until(
    'all posts are published',
    async () => {
      const states = await Promise.all(posts.map((id) => readPostAs(owner.client, id)))
      return states.every(({ status }) => status === 'published')
    },
    90_000,
  )

test('two workers in two isolates share the work and never double it', async () => {
  const batch = await spike(12, 3, 3_000)
  await ring()
  // A worker that was replaced by the platform drains beside its successor.
  chaos.stack().functions.retire('publish')
  await ring()

  await allPublished(batch)

  const texts = await acceptedTexts(batch.all.map(({ username }) => username))
  expect(texts).toHaveLength(36)
  expect(new Set(texts).size).toBe(36)
})

test('a Postgres restart while sending loses and doubles nothing', async () => {
  const batch = await spike(12, 3, 3_000)
  const usernames = batch.all.map(({ username }) => username)
  await chaos.x().addFault({
    match: { method: 'POST', path: '/2/tweets' },
    kind: 'latency',
    ms: 300,
    times: 36,
  })
  await until('sending has begun', async () => (await acceptedTexts(usernames)).length > 5, 30_000)

  await chaos.stack().postgres.restart('immediate')

  // Results that could not be reported in time were looked for on X.
  await until(
    'every attempt is settled or unknown',
    async () => {
      await chaos
        .sql()
        .query(`update private.live_attempts set deadline_at = now(), next_look_at = case
      when next_look_at is null then null else now() end where sending_at < now() - interval '25 seconds'`)
      const { rows } = await chaos
        .sql()
        .query(
          `select count(*)::int as open from public.posts where id = any ($1) and status <> 'published'`,
          [batch.posts],
        )
      return rows[0].open === 0
    },
    110_000,
  )
  const texts = await acceptedTexts(usernames)
  expect(texts).toHaveLength(36)
  expect(new Set(texts).size).toBe(36)
}, 180_000)
