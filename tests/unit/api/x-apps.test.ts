import { expect, test } from 'vitest'
import { openApp } from '../../../shared/accounts/app-credentials.ts'
import { fakeApi, refused } from '../../helpers/fake-api.ts'
import { ACCOUNT as APP, WORKSPACE } from '../../helpers/samples.ts'

const row = (overrides: Record<string, unknown> = {}) => ({
  id: APP,
  workspace_id: WORKSPACE,
  name: 'Ours',
  client_id: 'our-client',
  has_client_secret: true,
  posts_per_day: 10_000,
  status: 'active',
  status_detail: null,
  created_at: '2026-11-22T12:00:00+00:00',
  version: 2,
  ...overrides,
})

const path = `/x-apps/${APP}`
const lastArgs = ({ calls }: ReturnType<typeof fakeApi>) =>
  calls.at(-1)?.args ?? expect.unreachable('nothing was called')

const input = { name: 'Ours', client_id: 'our-client', client_secret: 'the-secret' }
const headers = { 'workspace-id': WORKSPACE }

test('stores the secret sealed for the app and its workspace, and never shows it', async () => {
  const api = fakeApi({ 'rpc/create_x_app': () => row() })
  const { call, env } = api
  const created = await call('POST', '/x-apps', { body: input, headers })
  expect([created.status, created.headers.get('etag')]).toEqual([201, '"2"'])
  expect(created.headers.get('location')).toContain(APP)
  expect(JSON.stringify(created.body)).not.toContain('the-secret')

  const { p_app, p_encrypted_secret } = lastArgs(api) as {
    p_app: { id: string }
    p_encrypted_secret: string
  }
  expect(p_app).toEqual({ id: p_app.id, name: 'Ours', client_id: 'our-client' })
  const sealed = {
    id: p_app.id,
    workspace_id: WORKSPACE,
    client_id: 'our-client',
    encrypted_client_secret: p_encrypted_secret,
  }
  expect(openApp(env.ENCRYPTION_KEYS, sealed)).toEqual({
    clientId: 'our-client',
    clientSecret: 'the-secret',
  })
  expect(() => openApp(env.ENCRYPTION_KEYS, { ...sealed, workspace_id: APP })).toThrow()
})

test('a public client has no secret', async () => {
  const { call, calls, env } = fakeApi({ 'rpc/create_x_app': () => row() })
  const { client_secret: _, ...open } = input
  await call('POST', '/x-apps', { body: open, headers })
  expect(calls.at(-1)?.args.p_encrypted_secret).toBeNull()
  const app = { id: APP, workspace_id: WORKSPACE, client_id: 'x', encrypted_client_secret: null }
  expect(openApp(env.ENCRYPTION_KEYS, app)).toEqual({ clientId: 'x' })
})

test('replacing the secret seals the new one for the same place', async () => {
  const api = fakeApi({
    'rpc/get_x_app': () => row(),
    'rpc/update_x_app': () => row({ version: 3 }),
  })
  const { call, env } = api
  const { status } = await call('PATCH', path, {
    body: { client_secret: 'newer' },
    headers: { 'if-match': '"2"' },
  })
  expect(status).toBe(200)
  const { p_encrypted_secret, ...rest } = lastArgs(api) as Record<string, string>
  expect(rest).toEqual({ p_x_app_id: APP, p_changes: {}, p_version: 2 })
  const sealed = { ...row(), encrypted_client_secret: p_encrypted_secret ?? '' }
  expect(openApp(env.ENCRYPTION_KEYS, sealed)?.clientSecret).toBe('newer')
})

test('a cap of null lifts it, and a change without a secret keeps the secret', async () => {
  const { call, calls } = fakeApi({ 'rpc/update_x_app': () => row() })
  await call('PATCH', path, { body: { posts_per_day: null } })
  expect(calls.at(-1)?.args).toMatchObject({
    p_changes: { posts_per_day: null },
    p_encrypted_secret: null,
  })
})

test("the deployment's own app is nobody's to register", async () => {
  const { call, calls, env } = fakeApi()
  const body = { ...input, client_id: env.X_CLIENT_ID }
  const answer = await call('POST', '/x-apps', { body, headers })
  expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, '/client_id'])
  expect(calls).toEqual([])
})

test.each([
  ['no name', { ...input, name: ' ' }, '/name'],
  ['no client id', { name: 'x' }, '/client_id'],
  ['a client id with a space', { ...input, client_id: 'a b' }, '/client_id'],
  ['a cap of none', { ...input, posts_per_day: 0 }, '/posts_per_day'],
  ['an unknown key', { ...input, workspace_id: WORKSPACE }, '/workspace_id'],
])('refuses %s, naming it', async (_, body, pointer) => {
  const { call } = fakeApi()
  const answer = await call('POST', '/x-apps', { body, headers })
  expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, pointer])
})

test('lists and reads what the caller may see', async () => {
  const { call, calls } = fakeApi({
    'rpc/list_x_apps': () => [row()],
    'rpc/get_x_app': () => row({ status: 'blocked', status_detail: 'No credits.' }),
  })
  expect((await call('GET', '/x-apps')).body.data).toHaveLength(1)
  expect(calls.at(-1)?.args).toEqual({ p_workspace_id: null })
  expect((await call('GET', path)).body).toMatchObject({ status: 'blocked' })
})

test('deleting is refused while accounts are connected through it', async () => {
  const inUse = fakeApi({
    'rpc/delete_x_app': () => {
      throw refused(409, 'x-app-in-use')
    },
  })
  expect((await inUse.call('DELETE', path)).status).toBe(409)
  const unused = fakeApi({ 'rpc/delete_x_app': () => row() })
  expect((await unused.call('DELETE', path)).status).toBe(204)
})

test.each(['GET', 'PATCH', 'DELETE'])('strangers to %s are told 404', async (method) => {
  const gone = () => {
    throw refused(404, 'not-found')
  }
  const { call } = fakeApi({
    'rpc/get_x_app': gone,
    'rpc/update_x_app': gone,
    'rpc/delete_x_app': gone,
  })
  const body = method === 'PATCH' ? { body: { name: 'x' } } : {}
  expect((await call(method, path, body)).status).toBe(404)
})
