import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PostMetrics } from '../../../shared/networks/network.ts'
import { createX } from '../../../shared/x/create-x.ts'
import { type OpenSandbox, openSandbox, type TokenPair } from '../../helpers/open-sandbox.ts'

const day = 24 * 60 * 60 * 1_000
let sandbox: OpenSandbox
let demo: TokenPair
let id: string
beforeAll(async () => {
  sandbox = await openSandbox()
  demo = await sandbox.token('demo')
  const result = await sandbox.client().publish(demo.access_token, { text: 'measured' })
  if (result.kind !== 'accepted') throw new Error(result.detail)
  id = result.remoteId
})
afterAll(() => sandbox.close())

const ask = async (ids: string[], at = 0, username = 'demo'): Promise<PostMetrics[]> => {
  await sandbox.set('clock', { offset_ms: at })
  const token = await sandbox.token(username)
  const result = await sandbox.client().metrics(token.access_token, ids)
  if (result.kind !== 'metrics') throw new Error(result.detail)
  return result.posts
}

const one = async (at: number) => {
  const [found] = await ask([id], at)
  if (found?.kind !== 'ok') throw new Error(found?.detail)
  return found
}

describe('metrics', () => {
  it('grow with the age of the post and are the same for the same age', async () => {
    const ages = [0, 60_000, 3_600_000, day, 10 * day]
    const seen = []
    for (const age of ages) seen.push(await one(age))
    const impressions = seen.map((found) => found.impressions)
    expect(impressions).toEqual(impressions.toSorted((a, b) => a - b))
    expect(new Set(impressions).size).toBe(ages.length)
    expect(await one(10 * day)).toEqual(seen.at(-1))
    expect(seen.at(-1)?.engagements).toBeGreaterThan(0)
  })

  it('fall when the sandbox is told so', async () => {
    const before = await one(day)
    await sandbox.set('metrics', { username: 'demo', factor: 0.5 })
    expect((await one(day)).impressions).toBeLessThan(before.impressions)
    await sandbox.set('metrics', { username: 'demo', factor: 1 })
  })

  it('lose their private counters after 30 days', async () => {
    const [old] = await ask([id], 31 * day)
    expect(old).toMatchObject({ kind: 'ok', engagements: null, clicks: null, profileClicks: null })
    expect(old?.kind === 'ok' && old.impressions).toBeGreaterThan(0)
  })

  it('of a post of someone else are the public ones', async () => {
    const [found] = await ask([id], day, 'alice')
    expect(found).toMatchObject({ kind: 'ok', engagements: null })
  })

  it('say which posts are gone, in the order asked', async () => {
    const posts = await ask(['1234567890123456789', id], day)
    expect(posts).toMatchObject([
      { kind: 'missing', remoteId: '1234567890123456789', slug: 'resource-not-found' },
      { kind: 'ok', remoteId: id },
    ])
  })

  it('of nothing cost no call', async () => {
    const calls = () => sandbox.get<{ requests: Record<string, number> }>('stats')
    const before = await calls()
    expect(await ask([])).toEqual([])
    expect(await calls()).toEqual(before)
  })
})

it('reads the newer names of the counters too', async () => {
  const x = createX({
    apiUrl: 'https://api.x.com',
    authorizeUrl: 'https://x.com/i/oauth2/authorize',
    tokenUrl: 'https://api.x.com/2/oauth2/token',
    clientId: 'id',
    fetch: async () =>
      Response.json({
        data: [{ id: '7', text: '', public_metrics: { repost_count: 3, like_count: 2 } }],
      }),
    now: () => new Date(),
  })
  expect(await x.metrics('token', ['7'])).toMatchObject({ posts: [{ reposts: 3, likes: 2 }] })
})
