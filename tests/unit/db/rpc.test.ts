import { expect, test } from 'vitest'
import { createRpc } from '../../../shared/db/rpc.ts'

const answering = (answer: () => Response | Promise<Response>) => {
  const requests: Request[] = []
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    requests.push(new Request(input, init))
    return answer()
  }
  const options = { url: 'https://p.example.com', apikey: 'key', schema: 'service' } as const
  return { requests, rpc: createRpc({ ...options, fetch: fetch as typeof globalThis.fetch }) }
}

test('posts named arguments to a function of its schema', async () => {
  const { requests, rpc } = answering(() => Response.json({ id: 1 }))
  expect(await rpc('claim_jobs', { p_limit: 5 })).toEqual({ id: 1 })

  const [request] = requests
  expect(request?.url).toBe('https://p.example.com/rest/v1/rpc/claim_jobs')
  expect(request?.headers.get('content-profile')).toBe('service')
  expect(request?.headers.get('apikey')).toBe('key')
  expect(request?.headers.has('authorization')).toBe(false)
  expect(await request?.json()).toEqual({ p_limit: 5 })
})

test('gives null for a function that returns nothing', async () => {
  const { rpc } = answering(() => new Response(null, { status: 204 }))
  expect(await rpc('finish')).toBeNull()
})

test('says that the change may have happened when the connection breaks', async () => {
  const broken = answering(() => Promise.reject(new TypeError('connection reset')))
  await expect(broken.rpc('finish')).rejects.toMatchObject({ slug: 'change-unconfirmed' })

  const cut = new ReadableStream({
    start: (controller) => controller.error(new TypeError('terminated')),
  })
  const halfway = answering(() => new Response(cut))
  await expect(halfway.rpc('finish')).rejects.toMatchObject({ slug: 'change-unconfirmed' })
})
