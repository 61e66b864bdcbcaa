import { expect, test } from 'vitest'
import { fakeApi, refused } from '../../helpers/fake-api.ts'
import { ACCOUNT as MEDIUM, WORKSPACE } from '../../helpers/samples.ts'

const row = (changes: object = {}) => ({
  id: MEDIUM,
  workspace_id: WORKSPACE,
  user_id: null,
  file_name: 'a.png',
  content_type: 'image/png',
  bytes: 10,
  kind: 'image',
  width: 1,
  height: 1,
  duration_ms: null,
  alt_text: null,
  status: 'ready',
  rejection: null,
  etag: 'secret-of-storage',
  upload_expires_at: '2026-11-22T13:00:00Z',
  created_at: '2026-11-22T12:00:00Z',
  ready_at: '2026-11-22T12:00:01Z',
  version: 3,
  ...changes,
})
const file = { file_name: 'a.png', content_type: 'image/png', bytes: 10 }
const path = `/media/${MEDIUM}`

test('answers where to PUT exactly this file, for an hour', async () => {
  const api = fakeApi({ 'rpc/create_media': () => row({ status: 'uploading', ready_at: null }) })
  const { status, headers, body } = await api.call('POST', '/media', { body: file })

  expect(status).toBe(201)
  expect(headers.get('location')).toBe(`/functions/v1/api${path}`)
  expect(body.upload).toMatchObject({ method: 'PUT', headers: { 'content-type': 'image/png' } })
  expect(body.upload.expires_at).toBe('2026-11-22T13:00:00Z')
  const url = new URL(body.upload.url)
  expect(url.pathname).toBe(`/storage/v1/s3/myposts/media/${WORKSPACE}/${MEDIUM}`)
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    'X-Amz-Date': '20261122T120000Z',
    'X-Amz-Expires': '3600',
    'X-Amz-SignedHeaders': 'content-length;content-type;host',
  })
  expect(body.view).toBeNull()
  expect(JSON.stringify(body)).not.toContain('secret')
})

test('reads and lists what a caller may see of it, and nothing more', async () => {
  const { call, calls } = fakeApi({ media: () => [row()] })
  const one = await call('GET', path)
  expect([one.status, one.headers.get('etag')]).toEqual([200, '"3"'])
  expect(one.body).not.toHaveProperty('etag')
  const list = await call('GET', '/media', { headers: { 'workspace-id': WORKSPACE } })
  expect(list.body).toMatchObject({ data: [{ id: MEDIUM }], has_more: false, next_cursor: null })
  expect(calls.filter(({ name }) => name === 'media')).toHaveLength(2)
})

test('says where it is seen, whether it is read, listed or described', async () => {
  const { call } = fakeApi({ media: () => [row()], 'rpc/update_media': () => row() })
  const { view } = (await call('GET', path)).body
  expect(view.expires_at).toBe('2026-11-22T13:00:00.000Z')
  const url = new URL(view.url)
  expect(url.pathname).toBe(`/storage/v1/s3/myposts/media/${WORKSPACE}/${MEDIUM}`)
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    'X-Amz-Date': '20261122T120000Z',
    'X-Amz-Expires': '3600',
  })
  expect((await call('GET', '/media')).body.data).toMatchObject([{ view }])
  expect((await call('PATCH', path, { body: { alt_text: 'a cat' } })).body.view).toEqual(view)
})

test.each([
  ['POST', '/media', file],
  ['GET', '/media', undefined],
  ['GET', path, undefined],
  ['PATCH', path, { alt_text: 'x' }],
  ['DELETE', path, undefined],
])('%s %s is for people who signed in', async (method, where, body) => {
  expect((await fakeApi().call(method, where, { body, as: null })).status).toBe(401)
})

test('what is absent, deleted or foreign is 404', async () => {
  expect((await fakeApi({ media: () => [] }).call('GET', path)).status).toBe(404)
})

test.each([
  [{ ...file, content_type: 'image/svg+xml' }, '/content_type'],
  [{ ...file, bytes: 5_242_881 }, '/bytes'],
  [{ ...file, bytes: 0 }, '/bytes'],
  [{ ...file, file_name: '' }, '/file_name'],
  [{ ...file, alt_text: '' }, '/alt_text'],
  [{ ...file, alt_text: 'x'.repeat(1001) }, '/alt_text'],
  [{ ...file, content_type: 'video/mp4', alt_text: 'a film' }, '/alt_text'],
  [{ ...file, workspace: WORKSPACE }, '/workspace'],
])('refuses %j, naming where', async (body, pointer) => {
  const api = fakeApi({ 'rpc/create_media': () => row() })
  const answer = await api.call('POST', '/media', { body })
  expect(answer.status).toBe(422)
  expect(answer.body.errors[0].pointer).toBe(pointer)
  expect(api.calls.filter(({ name }) => name === 'rpc/create_media')).toEqual([])
})

test('describes and deletes at the version that was read', async () => {
  const { call, calls } = fakeApi({
    'rpc/update_media': () => row({ alt_text: 'a cat', version: 4 }),
    'rpc/delete_media': () => row({ status: 'deleted' }),
  })
  const headers = { 'if-match': '"3"' }
  const described = await call('PATCH', path, { body: { alt_text: 'a cat' }, headers })
  expect([described.status, described.headers.get('etag')]).toEqual([200, '"4"'])
  expect((await call('DELETE', path, { headers })).status).toBe(204)
  expect(calls.flatMap(({ args }) => ('p_version' in args ? [args.p_version] : []))).toEqual([3, 3])
})

test('says which posts still need it', async () => {
  const api = fakeApi({
    'rpc/delete_media': () => {
      throw refused(409, 'media-in-use')
    },
  })
  const answer = await api.call('DELETE', path)
  expect([answer.status, answer.body.title]).toEqual([409, 'Media in use'])
})
