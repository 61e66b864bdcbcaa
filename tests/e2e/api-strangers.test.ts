import { randomUUID } from 'node:crypto'
import { beforeAll, expect, inject, test } from 'vitest'
import { asSuperuser, newAccount, signToken } from '../helpers/accounts.ts'
import { apiAs } from '../helpers/api.ts'
import { newSandboxAccount, type SandboxAccount } from '../helpers/sandbox-account.ts'

type Api = ReturnType<typeof apiAs>

let account: SandboxAccount
let owner: Api
let stranger: Api
let postId: string
let endpointId: string
let mediumId: string
let appId: string

const tokenOf = async ({ client }: SandboxAccount) =>
  (await client.auth.getSession()).data.session?.access_token

beforeAll(async () => {
  account = await newSandboxAccount(inject('stack'))
  owner = apiAs(await tokenOf(account))
  stranger = apiAs((await newAccount()).accessToken)
  const post = { account_id: account.id, content: 'Mine', scheduled_at: '2030-01-01T00:00:00Z' }
  postId = (await owner('POST', '/posts', { body: post })).body.id
  // Of a type nothing here emits: a delivery would change the row.
  const endpoint = { url: 'https://203.0.114.7/hook', event_types: ['metrics.updated'] }
  endpointId = (await owner('POST', '/webhook-endpoints', { body: endpoint })).body.id
  const medium = { file_name: 'a.png', content_type: 'image/png', bytes: 100 }
  mediumId = (await owner('POST', '/media', { body: medium })).body.id
  const app = { name: 'Ours', client_id: randomUUID(), client_secret: 'secret' }
  appId = (await owner('POST', '/x-apps', { body: app })).body.id
  for (const id of [postId, endpointId, mediumId, appId]) expect(id).toMatch(/^[0-9a-f-]{36}$/)
})

/** What each route that names a resource takes, when it takes a body. */
const bodies: Record<string, object> = {
  'PATCH /accounts/{id}': { paused: true },
  'PATCH /posts/{id}': { content: 'Theirs' },
  'POST /posts/{id}/schedule': { scheduled_at: 'now' },
  'POST /posts/{id}/resolve': { outcome: 'not_live' },
  'PATCH /webhook-endpoints/{id}': { status: 'disabled' },
  'POST /webhook-endpoints/{id}/recover': { since: new Date().toISOString() },
  'POST /webhook-endpoints/{id}/replay-missing': { since: new Date().toISOString() },
  'PATCH /workspaces/{id}': { paused: true },
  'PATCH /workspaces/{id}/budget': { monthly_limit_usd: '1' },
  'PATCH /media/{id}': { alt_text: 'Theirs' },
  'PATCH /x-apps/{id}': { name: 'Theirs' },
}

const idFor = (path: string) => {
  if (path.includes('accounts/')) return account.id
  if (path.includes('webhook-endpoints/')) return endpointId
  if (path.includes('workspaces/')) return account.workspaceId
  if (path.includes('media/')) return mediumId
  if (path.includes('x-apps/')) return appId
  return path.includes('deliveries/') ? randomUUID() : postId
}

const everythingOfTheirs = async () => {
  const tables = ['accounts', 'posts', 'post_segments', 'webhook_endpoints', 'media']
  const rows = await Promise.all(
    tables.map((table) =>
      asSuperuser(`select to_jsonb(t) as row from public.${table} as t where workspace_id = $1`, [
        account.workspaceId,
      ]),
    ),
  )
  const workspace = await asSuperuser('select * from public.workspaces where id = $1', [
    account.workspaceId,
  ])
  return [workspace, ...rows].map((list) => list.map((row) => JSON.stringify(row)).sort())
}

test('nothing of a workspace exists for a stranger, on any route, and nothing changes', async () => {
  const { body: document } = await stranger('GET', '/openapi.json')
  const before = await everythingOfTheirs()
  const seen: string[] = []
  for (const [path, methods] of Object.entries<object>(document.paths)) {
    if (!path.includes('{id}')) continue
    for (const method of Object.keys(methods).map((name) => name.toUpperCase())) {
      const body = bodies[`${method} ${path}`]
      const answer = await stranger(method, path.replace('{id}', idFor(path)), { body })
      const absent = await stranger(method, path.replace('{id}', randomUUID()), { body })
      seen.push(`${method} ${path} ${answer.status}`)
      expect({ ...answer.body, instance: '' }).toEqual({ ...absent.body, instance: '' })
    }
  }
  expect(seen.length).toBeGreaterThan(25)
  expect(seen.filter((line) => !line.endsWith(' 404'))).toEqual([])
  expect(await everythingOfTheirs()).toEqual(before)
})

test('a stranger lists nothing of a workspace, and adds nothing to it', async () => {
  const headers = { 'workspace-id': account.workspaceId }
  const lists = ['/posts', '/posts/at-risk', '/accounts', '/webhook-endpoints', '/deliveries']
  for (const path of [...lists, '/events']) {
    expect((await stranger('GET', path, { headers })).status).toBe(404)
    expect((await stranger('GET', path)).body.data).toEqual([])
  }
  const before = await everythingOfTheirs()
  const post = { account_id: account.id, content: 'Theirs' }
  expect((await stranger('POST', '/posts', { body: post })).status).toBe(404)
  expect((await stranger('POST', '/posts/validate', { body: post })).status).toBe(404)
  const endpoint = { url: 'https://203.0.114.7/hook' }
  expect((await stranger('POST', '/webhook-endpoints', { headers, body: endpoint })).status).toBe(
    404,
  )
  expect((await stranger('POST', '/accounts/connect', { headers, body: {} })).status).toBe(404)
  expect(await everythingOfTheirs()).toEqual(before)
})

test('a token that is genuine and not good for this is 401', async () => {
  const claims = { sub: account.userId, role: 'authenticated', aud: 'authenticated' }
  const tokens = {
    expired: await signToken(claims, -60),
    anon: await signToken({ ...claims, role: 'anon' }, 60),
    service: await signToken({ ...claims, role: 'service_role' }, 60),
    'for somebody else': await signToken({ ...claims, aud: 'another' }, 60),
    'of nobody': await signToken({ role: 'authenticated', aud: 'authenticated' }, 60),
  }
  for (const token of Object.values(tokens)) {
    const { status, headers } = await apiAs(token)('GET', '/posts')
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toContain('Bearer')
  }
  expect((await apiAs(await signToken(claims, 60))('GET', '/posts')).status).toBe(200)
})
