import { randomUUID } from 'node:crypto'
import { beforeAll, expect, inject, test } from 'vitest'
import { apiAs } from '../helpers/api.ts'
import {
  addSandboxAccount,
  newSandboxAccount,
  type SandboxAccount,
} from '../helpers/sandbox-account.ts'
import { sandboxX } from '../helpers/sandbox-x.ts'
import { until } from '../helpers/until.ts'

type Post = { id: string; status: string; segments: { text: string }[] }

let owner: SandboxAccount
let api: ReturnType<typeof apiAs>
const x = () => sandboxX(inject('stack').x_url)
const newText = () => `text ${randomUUID()}`
const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString()

beforeAll(async () => {
  owner = await newSandboxAccount(inject('stack'))
  const { data } = await owner.client.auth.getSession()
  api = apiAs(data.session?.access_token)
})

const create = async (body: object = {}): Promise<Post> => {
  const answer = await api('POST', '/posts', {
    body: { account_id: owner.id, content: newText(), ...body },
  })
  expect(answer.status).toBe(201)
  return answer.body
}

const read = async (id: string): Promise<Post> => (await api('GET', `/posts/${id}`)).body
const untilStatus = (id: string, status: string) =>
  until(`${id} is ${status}`, async () => (await read(id)).status === status, 40_000)

/** The workspace's account beside the first one, disconnected. */
const disconnected = async () => {
  const account = await addSandboxAccount(inject('stack'), owner)
  expect((await api('DELETE', `/accounts/${account.id}`)).status).toBe(200)
  return account.id
}

/** A post that X may have or not: X fails and does not say. */
const unconfirmed = async (): Promise<Post> => {
  const content = newText()
  await x().addFault({
    match: { method: 'POST', text_contains: content },
    kind: '500_before',
    times: 1,
  })
  const post = await create({ content, scheduled_at: 'now' })
  await untilStatus(post.id, 'unconfirmed')
  return read(post.id)
}

/** A post X takes its time with. */
const publishing = async (): Promise<Post> => {
  const content = newText()
  await x().addFault({ match: { text_contains: content }, kind: 'latency', ms: 4_000, times: 1 })
  const post = await create({ content, scheduled_at: 'now' })
  await untilStatus(post.id, 'publishing')
  return read(post.id)
}

const media = async (): Promise<string> => {
  const body = { file_name: 'a.png', content_type: 'image/png', bytes: 100 }
  const answer = await api('POST', '/media', { body })
  expect(answer.status).toBe(201)
  return answer.body.id
}

type Refused = { status: number; slug: string; pointer?: string; remedy: RegExp }
type Case = [
  string,
  () => Promise<{ path: string; method?: string; body?: object; post?: Post }>,
  Refused,
]

const past = '2020-01-01T00:00:00Z'

const CASES: Case[] = [
  [
    'a time in the past at creation',
    async () => ({
      path: '/posts',
      body: { account_id: owner.id, content: 'x', scheduled_at: past },
    }),
    { status: 422, slug: 'scheduled-in-past', pointer: '/scheduled_at', remedy: /later time/ },
  ],
  [
    'a post that is moved past its time',
    async () => {
      const post = await create({ scheduled_at: tomorrow() })
      return { path: `/posts/${post.id}/schedule`, body: { scheduled_at: past }, post }
    },
    { status: 422, slug: 'scheduled-in-past', pointer: '/scheduled_at', remedy: /later time/ },
  ],
  [
    'a schedule without a connected account',
    async () => ({
      path: '/posts',
      body: { account_id: await disconnected(), content: 'x', scheduled_at: tomorrow() },
    }),
    { status: 409, slug: 'account-not-connected', pointer: '/account_id', remedy: /Connect/ },
  ],
  [
    'a text over length',
    async () => {
      const segments = [{ text: 'x' }, { text: '字'.repeat(141) }]
      return { path: '/posts', body: { account_id: owner.id, segments } }
    },
    { status: 422, slug: 'invalid-request', pointer: '/segments/1/text', remedy: /Correct/ },
  ],
  [
    'two cashtags',
    async () => ({ path: '/posts', body: { account_id: owner.id, content: '$AAPL or $MSFT' } }),
    { status: 422, slug: 'invalid-request', pointer: '/content', remedy: /Correct/ },
  ],
  [
    'a post with media that have not come',
    async () => ({
      path: '/posts',
      body: { account_id: owner.id, content: 'x', media_ids: [await media()], scheduled_at: 'now' },
    }),
    { status: 422, slug: 'invalid-request', pointer: '/media_ids/0', remedy: /Correct/ },
  ],
  [
    'an edit while it is being sent',
    async () => {
      const post = await publishing()
      return { method: 'PATCH', path: `/posts/${post.id}`, body: { content: 'other' }, post }
    },
    { status: 409, slug: 'post-not-editable', remedy: /again/ },
  ],
  [
    'a retry while nobody knows whether X has it',
    async () => {
      const post = await unconfirmed()
      return { path: `/posts/${post.id}/retry`, post }
    },
    { status: 409, slug: 'outcome-unknown', remedy: /\/resolve/ },
  ],
  [
    "a resolve with an id that is not the account's post",
    async () => {
      const post = await unconfirmed()
      const body = { outcome: 'live', id: '1' }
      return { path: `/posts/${post.id}/resolve`, body, post }
    },
    { status: 422, slug: 'not-the-accounts-post', remedy: /on X/ },
  ],
]

test.each(CASES)(
  'refuses %s, says why and what to do, and loses nothing',
  async (_, arrange, refused) => {
    const { path, method = 'POST', body, post } = await arrange()
    const before = post ?? (await api('GET', '/posts?limit=1')).body.data[0]?.id
    const { status, body: problem } = await api(method, path, { body })

    expect([status, problem.type.split('#')[1]]).toEqual([refused.status, refused.slug])
    expect(problem).toMatchObject({
      detail: expect.stringMatching(/\S/),
      remedy: expect.stringMatching(refused.remedy),
    })
    if (refused.pointer) {
      expect(problem.errors).toEqual([
        expect.objectContaining({
          pointer: refused.pointer,
          detail: expect.stringMatching(/\S/),
          remedy: expect.stringMatching(/\S/),
        }),
      ])
    }
    if (post) expect((await read(post.id)).segments[0]?.text).toBe(post.segments[0]?.text)
    else expect((await api('GET', '/posts?limit=1')).body.data[0]?.id).toBe(before)
  },
)

/** Runs with a budget that has nothing left for more. */
const withoutMoney = async <T>(act: () => Promise<T>): Promise<T> => {
  const path = `/workspaces/${owner.workspaceId}/budget`
  expect((await api('PATCH', path, { body: { monthly_limit_usd: '0.001' } })).status).toBe(200)
  try {
    return await act()
  } finally {
    await api('PATCH', path, { body: { monthly_limit_usd: null } })
  }
}

const overBudget = (pointer: string) => ({
  status: 409,
  body: {
    type: expect.stringMatching(/#over-budget$/),
    errors: [{ pointer, slug: 'over-budget', remedy: expect.stringMatching(/draft.*budget/) }],
  },
})

test('refuses to schedule over budget, and keeps the draft', async () => {
  const post = await create()
  const body = { scheduled_at: tomorrow() }
  const answer = await withoutMoney(() => api('POST', `/posts/${post.id}/schedule`, { body }))

  expect(answer).toMatchObject(overBudget('/scheduled_at'))
  expect((await read(post.id)).status).toBe('draft')
})

test.each([
  ['/content', { content: 'now with https://example.com' }],
  ['/segments', { segments: [{ text: 'now with https://example.com' }] }],
])(
  'refuses an edit that becomes too dear, names %s, and keeps what was there',
  async (pointer, body) => {
    const post = await create({ scheduled_at: tomorrow() })
    const answer = await withoutMoney(() => api('PATCH', `/posts/${post.id}`, { body }))

    expect(answer).toMatchObject(overBudget(pointer))
    expect(await read(post.id)).toMatchObject({ status: 'scheduled', segments: post.segments })
  },
)

test('refuses to show files that have not come in a scheduled post, and names them', async () => {
  const post = await create({ scheduled_at: tomorrow() })
  const body = { content: 'with a picture', media_ids: [await media()] }
  const answer = await api('PATCH', `/posts/${post.id}`, { body })

  expect(answer).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: '/media_ids/0', slug: 'media-not-ready' }] },
  })
  expect(await read(post.id)).toMatchObject({ status: 'scheduled', segments: post.segments })
})
