import { expect, test } from 'vitest'
import { sealTokens } from '../../../shared/accounts/token-envelope.ts'
import type { Network } from '../../../shared/networks/network.ts'
import { fakeApi, NOW, refused } from '../../helpers/fake-api.ts'
import { ACCOUNT, POST, postRow, WORKSPACE } from '../../helpers/samples.ts'

const PATH = `/posts/${POST}/resolve`
const SENDING_AT = new Date(NOW.getTime() - 600_000)
const place = { account_id: ACCOUNT, workspace_id: WORKSPACE }

const holder = async (keys: Parameters<typeof sealTokens>[0]) => ({
  ...place,
  encrypted_tokens: sealTokens(
    keys,
    { access_token: 'access', refresh_token: 'refresh', scope: '' },
    place,
  ),
  tokens_expire_at: new Date(NOW.getTime() + 3_600_000).toISOString(),
  tokens_version: 1,
})

type Seen = Awaited<ReturnType<Network['find']>>

const found = (rest: object = {}): Seen => ({
  kind: 'found',
  item: {
    remoteId: '123',
    authorId: '42',
    text: 'Hello',
    createdAt: new Date(NOW.getTime() - 500_000),
    replyTo: null,
    quotes: null,
    media: [],
    ...rest,
  },
  rates: [],
})

const failing = (kind: 'unknown' | 'reauth'): Seen => ({
  kind,
  slug: 'why',
  detail: 'Because.',
  who: 'provider',
  remedy: 'Wait.',
  rates: [],
})

const openApi = (seen: Seen = found(), status = 'active') => {
  const asked: string[] = []
  const api = fakeApi(
    {
      'rpc/start_resolving': () => ({
        ...place,
        status,
        twitter_username: 'Someone',
        remote_user_id: '42',
        sending_at: SENDING_AT.toISOString(),
      }),
      'service.get_token_holder': () => holder(api.env.ENCRYPTION_KEYS),
      'rpc/resolve_post': ({ p_remote_id }) => postRow({ content: String(p_remote_id) }),
    },
    {
      find: async (token, remoteId) => {
        asked.push(`${token} ${remoteId}`)
        return seen
      },
    },
  )
  const resolve = (body: object) => api.call('POST', PATH, { body })
  const names = () => api.calls.map(({ name }) => name)
  return { ...api, asked, resolve, names }
}

const live = (url: string) => ({ outcome: 'live', url })

test.each([
  'https://x.com/someone/status/123',
  'https://twitter.com/someone/status/123?s=20&t=abc',
  'https://mobile.twitter.com/Someone/status/123/photo/1',
  'https://www.x.com/i/web/status/123',
  'x.com/someone/status/123',
])('reads %s, asks X whose it is and adopts it', async (url) => {
  const { resolve, asked, calls } = openApi()

  expect((await resolve(live(url))).body.content).toBe('123')
  expect(asked).toEqual(['access 123'])
  expect(calls.find(({ name }) => name === 'service.check_remote_id')?.args).toEqual({
    p_post_id: POST,
    p_remote_id: '123',
    p_sent_at: new Date(NOW.getTime() - 500_000).toISOString(),
    p_is_read: true,
  })
})

test('takes a bare id as well', async () => {
  expect((await openApi().resolve({ outcome: 'live', id: '123' })).body.content).toBe('123')
})

test('asks nobody when the post is not live', async () => {
  const { resolve, names } = openApi()

  expect((await resolve({ outcome: 'not_live' })).body.content).toBe('null')
  expect(names()).toEqual(['rpc/resolve_post'])
})

test.each([
  {},
  { outcome: 'gone' },
  { outcome: 'live' },
  { outcome: 'live', id: '1', url: 'https://x.com/a/status/1' },
  { outcome: 'live', id: 'abc' },
  { outcome: 'not_live', id: '1' },
  { outcome: 'live', url: 'https://x.com/someone' },
  { outcome: 'live', url: 'https://example.com/someone/status/123' },
  { outcome: 'live', url: 'https://x.com.example.com/someone/status/123' },
  { remote_id: '1' },
])('refuses %j before it asks anybody', async (body) => {
  const { resolve, names } = openApi()

  const answer = await resolve(body)
  expect(answer).toMatchObject({
    status: 422,
    body: { type: expect.stringMatching(/#invalid-request$/) },
  })
  expect(names()).toEqual([])
})

test.each([
  ["somebody else's post", found({ authorId: '43' })],
  ['a post whose author X does not name', found({ authorId: null })],
  ['a post that X does not show', { kind: 'missing', rates: [] } as Seen],
  ['a post older than the attempt', found({ createdAt: new Date(SENDING_AT.getTime() - 121_000) })],
])('refuses %s, and changes nothing', async (_name, seen) => {
  const { resolve, names } = openApi(seen)

  const answer = await resolve(live('https://x.com/someone/status/123'))
  expect(answer).toMatchObject({
    status: 422,
    body: { type: expect.stringMatching(/#not-the-accounts-post$/), remedy: expect.any(String) },
  })
  expect(names()).not.toContain('rpc/resolve_post')
})

test('changes nothing while X cannot be asked', async () => {
  const { resolve, names } = openApi(failing('unknown'))

  const answer = await resolve(live('https://x.com/someone/status/123'))
  expect(answer).toMatchObject({
    status: 503,
    body: { type: expect.stringMatching(/#network-unavailable$/), retry_after_seconds: 30 },
  })
  expect(names()).not.toContain('rpc/resolve_post')
})

const snowflake = (time: Date) => String(BigInt(time.getTime() - 1_288_834_974_657) << 22n)

test('takes a disconnected account at its word, as far as the address bears it out', async () => {
  const recent = snowflake(new Date(NOW.getTime() - 500_000))
  const old = snowflake(new Date(SENDING_AT.getTime() - 200_000))
  const { resolve, asked } = openApi(found(), 'disconnected')

  expect((await resolve(live(`https://x.com/someone/status/${recent}`))).body.content).toBe(recent)
  expect((await resolve(live(`https://x.com/another/status/${recent}`))).status).toBe(422)
  expect((await resolve(live(`https://x.com/someone/status/${old}`))).status).toBe(422)
  expect(asked).toEqual([])
})

test('is refused to whoever may not, before X is asked', async () => {
  const asked: string[] = []
  const { call } = fakeApi(
    {
      'rpc/start_resolving': () => {
        throw refused(403, 'role-required')
      },
    },
    {
      find: async () => {
        asked.push('asked')
        return found()
      },
    },
  )

  expect((await call('POST', PATH, { body: { outcome: 'live', id: '1' } })).status).toBe(403)
  expect(asked).toEqual([])
})
