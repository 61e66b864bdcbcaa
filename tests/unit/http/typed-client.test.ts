import { hc } from 'hono/client'
import { expect, test } from 'vitest'
import type { Api } from '../../../functions/api/app.ts'
import { API_URL, fakeApi, token } from '../../helpers/fake-api.ts'
import { POST, postRow } from '../../helpers/samples.ts'

test('the exported type gives TypeScript a client of the whole API', async () => {
  const { app } = fakeApi({ 'rpc/get_post': () => postRow(), 'rpc/list_posts': () => [postRow()] })
  const headers = { authorization: `Bearer ${await token()}` }
  const client = hc<Api>(API_URL, {
    headers,
    fetch: (input: RequestInfo | URL, init?: RequestInit) => app.request(String(input), init),
  })
  const post = await client.api.posts[':id'].$get({ param: { id: POST } })
  const { status } = await post.json()
  expect(status).toBe('draft')

  const page = await client.api.posts.$get({ query: { status: 'draft', limit: '10' } })
  const { data } = await page.json()
  expect(data.map(({ id }) => id)).toEqual([POST])
})
