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
