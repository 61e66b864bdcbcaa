import { randomUUID } from 'node:crypto'
import { beforeAll, expect, inject, test } from 'vitest'
import { asSuperuser } from '../helpers/accounts.ts'
import { apiAs } from '../helpers/api.ts'
import { newSandboxAccount, type SandboxAccount } from '../helpers/sandbox-account.ts'
import { until } from '../helpers/until.ts'

let account: SandboxAccount
let api: ReturnType<typeof apiAs>

beforeAll(async () => {
  account = await newSandboxAccount(inject('stack'))
  const { data } = await account.client.auth.getSession()
  api = apiAs(data.session?.access_token)
})

const countPosts = async () => {
  const sql = 'select count(*)::int as count from public.posts where workspace_id = $1'
  const [row] = await asSuperuser<{ count: number }>(sql, [account.workspaceId])
  return row?.count
}

const draft = async (content = 'A draft') =>
  (await api('POST', '/posts', { body: { account_id: account.id, content } })).body

test('one key, ten requests at once: one post', async () => {
  const before = (await countPosts()) ?? 0
  const body = { account_id: account.id, content: 'Once' }
  const headers = { 'idempotency-key': randomUUID() }
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => api('POST', '/posts', { body, headers })),
  )
  expect(await countPosts()).toBe(before + 1)
  expect(answers.filter(({ status }) => status === 201)).not.toHaveLength(0)
  for (const { status } of answers) expect([201, 409]).toContain(status)

  const again = await api('POST', '/posts', { body, headers })
  expect(again.status).toBe(201)
  expect(again.headers.get('idempotent-replayed')).toBe('true')
  const ids = answers.flatMap(({ status, body: post }) => (status === 201 ? [post.id] : []))
  expect(new Set([...ids, again.body.id]).size).toBe(1)
})

test('two people who read the same version: one change wins, the other is told', async () => {
  const { id } = await draft()
  const read = await api('GET', `/posts/${id}`)
  const headers = { 'if-match': read.headers.get('etag') ?? '' }
  const changes = ['One', 'Two'].map((content) =>
    api('PATCH', `/posts/${id}`, { body: { content }, headers }),
  )
  const statuses = (await Promise.all(changes)).map(({ status }) => status)
  expect(statuses.toSorted()).toEqual([200, 412])
})

test('a dry run answers like the real thing, and keeps nothing', async () => {
  const before = await countPosts()
  const body = { account_id: account.id, content: 'Dry', scheduled_at: 'now' }
  const dry = await api('POST', '/posts?dry_run=true', { body })
  expect([dry.status, dry.body.status]).toEqual([200, 'scheduled'])
  expect(await countPosts()).toBe(before)

  const { id } = await draft()
  const path = `/posts/${id}/schedule?dry_run=true`
  const planned = await api('POST', path, { body: { scheduled_at: '2030-01-01T00:00:00Z' } })
  expect(planned.body.status).toBe('scheduled')
  expect((await api('GET', `/posts/${id}`)).body.status).toBe('draft')
})

test('a post goes back and forth between draft and scheduled, and ends canceled', async () => {
  const { id } = await draft()
  const verbs: [string, string, object | undefined, string][] = [
    ['POST', '/schedule', { scheduled_at: '2030-01-01T09:00:00+02:00' }, 'scheduled'],
    ['POST', '/schedule', { scheduled_at: '2031-01-01T09:00:00+02:00' }, 'scheduled'],
    ['POST', '/unschedule', undefined, 'draft'],
    ['DELETE', '', undefined, 'canceled'],
    ['DELETE', '', undefined, 'canceled'],
  ]
  for (const [method, suffix, body, status] of verbs) {
    const answer = await api(method, `/posts/${id}${suffix}`, { body })
    expect([answer.status, answer.body.status]).toEqual([200, status])
  }
  const late = await api('POST', `/posts/${id}/publish`)
  expect([late.status, late.body.remedy]).toEqual([409, expect.any(String)])
})

test('pages of posts neither repeat nor skip while others are written', async () => {
  for (let n = 0; n < 5; n += 1) await draft(`Page ${n}`)
  const texts: string[] = []
  let path: string | null = '/posts?limit=2&q=page'
  while (path) {
    const { body, headers } = await api('GET', path)
    texts.push(...body.data.map(({ content }: { content: string }) => content))
    await draft('Page in between')
    const next = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1]
    path = next ? `/posts${next}` : null
  }
  expect(texts).toEqual(['Page 4', 'Page 3', 'Page 2', 'Page 1', 'Page 0'])
})

test('the log tells in order what happened to a post, once each', async () => {
  const { id } = await draft()
  await api('POST', `/posts/${id}/schedule`, { body: { scheduled_at: '2030-01-01T00:00:00Z' } })
  await api('DELETE', `/posts/${id}`)

  const types: string[] = []
  let cursor = ''
  await until('all of it is stamped', async () => {
    const { body } = await api('GET', `/events?limit=3${cursor && `&after=${cursor}`}`)
    cursor = body.next_cursor
    const mine = body.data.filter(({ subject_id }: { subject_id: string }) => subject_id === id)
    types.push(...mine.map(({ type }: { type: string }) => type))
    return types.includes('post.canceled')
  })
  expect(types).toEqual(['post.created', 'post.scheduled', 'post.canceled'])
})

test('what a caller used is counted', async () => {
  await draft()
  await until('posts and calls are folded', async () => {
    const { totals } = (await api('GET', '/usage')).body
    return totals.posts_created > 0 && totals.api_calls > 0
  })
})

test('a browser page on an allowed origin may call, and may not on another', async () => {
  const preflight = (origin: string) =>
    api('OPTIONS', '/posts', {
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,apikey,content-type,x-client-info',
      },
    })
  const allowed = await preflight('http://localhost:3000')
  expect(allowed.headers.get('access-control-allow-origin')).toBe('http://localhost:3000')
  expect(allowed.headers.get('access-control-allow-headers')).toContain('x-client-info')
  const foreign = await preflight('https://evil.example')
  expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
})

test('says that it is ready, in figures', async () => {
  const { body } = await until('cron has run', async () => {
    const answer = await apiAs()('GET', '/ready')
    return answer.status === 200 && answer
  })
  expect(body).toMatchObject({ is_publishing_held: false, alerts: expect.any(Array) })
})
