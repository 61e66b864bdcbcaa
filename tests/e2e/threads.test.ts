import { randomUUID } from 'node:crypto'
import { beforeAll, expect, inject, test } from 'vitest'
import { apiAs } from '../helpers/api.ts'
import { newSandboxAccount, type SandboxAccount } from '../helpers/sandbox-account.ts'
import { sandboxX } from '../helpers/sandbox-x.ts'
import { until } from '../helpers/until.ts'

type Segment = { text: string; status: string; remote_id: string | null; removed_at: string | null }
type Post = {
  id: string
  status: string
  unpublished_at: string | null
  failure: { slug: string; segment: number } | null
  segments: Segment[]
}

let account: SandboxAccount
let api: ReturnType<typeof apiAs>
const x = () => sandboxX(inject('stack').x_url)

beforeAll(async () => {
  account = await newSandboxAccount(inject('stack'))
  const { data } = await account.client.auth.getSession()
  api = apiAs(data.session?.access_token)
})

const texts = (count: number) =>
  Array.from({ length: count }, () => ({ text: `text ${randomUUID()}` }))

const publish = async (segments: { text: string }[]): Promise<Post> => {
  const body = { account_id: account.id, segments, scheduled_at: 'now' }
  const answer = await api('POST', '/posts', { body })
  expect(answer.status).toBe(201)
  return answer.body
}

const read = async (id: string): Promise<Post> => (await api('GET', `/posts/${id}`)).body
const untilPost = (id: string, what: string, rule: (post: Post) => boolean) =>
  until(
    what,
    async () => {
      const post = await read(id)
      return rule(post) && post
    },
    60_000,
  )

/** A thread of which X refused the second segment. */
const broken = async (): Promise<Post> => {
  const segments = texts(3)
  const match = { text_contains: segments[1]?.text ?? '' }
  await x().addFault({ match, kind: '403', times: 1 })
  const { id } = await publish(segments)
  return untilPost(id, 'the thread stops', ({ status }) => status === 'partially_published')
}

/** Which of these X still shows. */
const shownByX = async (remoteIds: (string | null)[]): Promise<string[]> => {
  const { access_token } = await x().newTokens(account.username)
  const url = `${inject('stack').x_url}/2/tweets?ids=${remoteIds.join(',')}`
  const response = await fetch(url, { headers: { authorization: `Bearer ${access_token}` } })
  const { data = [] } = (await response.json()) as { data?: { id: string }[] }
  return data.map(({ id }) => id)
}

const sentTexts = async () => (await x().accepted(account.username)).map(({ text }) => text)

test('a thread that stopped is rewritten from there, sent to its end, and deleted as a whole', async () => {
  const post = await broken()
  expect(post.failure).toMatchObject({ segment: 1 })
  const [first] = post.segments
  const rest = texts(2)

  const refused = await api('PATCH', `/posts/${post.id}`, { body: { segments: texts(3) } })
  expect([refused.status, refused.body.type.split('#')[1]]).toEqual([409, 'segment-on-x'])
  const body = { segments: [{ text: first?.text ?? '' }, ...rest] }
  expect((await api('PATCH', `/posts/${post.id}`, { body })).status).toBe(200)
  for (let click = 0; click < 2; click += 1) {
    expect((await api('POST', `/posts/${post.id}/resume`)).status).toBe(200)
  }
  const done = await untilPost(post.id, 'all is sent', ({ status }) => status === 'published')
  expect((await sentTexts()).slice(-3)).toEqual([first, ...rest].map((segment) => segment?.text))

  const ids = done.segments.map(({ remote_id }) => remote_id)
  expect(await shownByX(ids)).toHaveLength(3)
  expect((await api('POST', `/posts/${post.id}/unpublish`)).status).toBe(200)
  const gone = await untilPost(post.id, 'all is deleted', (each) => each.unpublished_at !== null)
  expect(gone.status).toBe('published')
  expect(gone.segments.every(({ removed_at }) => removed_at !== null)).toBe(true)
  expect(await shownByX(ids)).toEqual([])
}, 120_000)

test('of a thread whose rest is given up, X keeps what it has and gets no more', async () => {
  const post = await broken()
  const { status, body } = await api('POST', `/posts/${post.id}/drop-remainder`)
  expect([status, body.status, body.segments]).toMatchObject([
    200,
    'published',
    [{ text: post.segments[0]?.text, status: 'published' }],
  ])
  const again = await api('POST', `/posts/${post.id}/drop-remainder`)
  expect([again.status, again.body.version]).toEqual([200, body.version])
  expect(await sentTexts()).not.toContain(post.segments[1]?.text)
})

test('what is at risk is listed while the workspace is paused, and goes out after', async () => {
  const [segment] = texts(1)
  const workspace = `/workspaces/${account.workspaceId}`
  expect((await api('PATCH', workspace, { body: { paused: true } })).body.paused_at).not.toBeNull()
  const created = await publish([segment ?? { text: '' }])
  expect((created as unknown as { warnings: { slug: string }[] }).warnings).toMatchObject([
    { slug: 'workspace-paused' },
  ])

  const { body } = await api('GET', '/posts/at-risk')
  expect(body.data).toMatchObject([
    { post: { id: created.id }, reasons: [{ slug: 'paused', until: null }] },
  ])
  const health = await api('GET', `/accounts/${account.id}/health?period=1h`)
  expect(health.body).toMatchObject({ lane: { is_open: false, closed_by: ['workspace'] } })

  expect((await api('PATCH', workspace, { body: { paused: false } })).status).toBe(200)
  await untilPost(created.id, 'it went out', ({ status }) => status === 'published')
  expect((await api('GET', '/posts/at-risk')).body.data).toEqual([])
  expect((await api('GET', `/accounts/${account.id}/health`)).body).toMatchObject({
    lane: { is_open: true },
    lateness: { count: expect.any(Number), p50_ms: expect.any(Number) },
  })
})
