import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createX } from '../../../shared/x/create-x.ts'
import { sameReplyText, sameText } from '../../../shared/x/texts.ts'
import { type OpenSandbox, openSandbox, type TokenPair } from '../../helpers/open-sandbox.ts'

let sandbox: OpenSandbox
beforeAll(async () => {
  sandbox = await openSandbox()
  await sandbox.set('limits', { posts_per_15_min: 10_000 })
})
afterAll(() => sandbox.close())

const look = (token: TokenPair, since = new Date(0)) =>
  sandbox.client().timeline(token.access_token, { remoteUserId: token.user_id, since })

const items = async (token: TokenPair, since?: Date) => {
  const result = await look(token, since)
  if (result.kind !== 'timeline') throw new Error(result.detail)
  expect(result.complete).toBe(true)
  return result.items
}

const post = async (token: TokenPair, text: string, replyTo?: string) => {
  const segment = { text, ...(replyTo ? { replyTo } : {}) }
  const result = await sandbox.client().publish(token.access_token, segment)
  if (result.kind !== 'accepted') throw new Error(result.detail)
  return result.remoteId
}

const author = async (username: string, more = {}) => {
  await sandbox.set('users', { username, ...more })
  return sandbox.token(username)
}

describe('reading the timeline', () => {
  it('pages back through everything since the time asked for', async () => {
    const token = await author('pager')
    for (let number = 0; number < 230; number += 1) await post(token, `number ${number}`)
    const found = await items(token)
    expect(found.map(({ text }) => text)).toEqual(
      Array.from({ length: 230 }, (_, index) => `number ${229 - index}`),
    )
  })

  it('leaves out what is older', async () => {
    const token = await author('older')
    await post(token, 'old')
    await sandbox.set('clock', { offset_ms: 10_000 })
    await post(token, 'new')
    await sandbox.set('clock', { offset_ms: 0 })
    const found = await items(token, new Date(Date.now() + 5_000))
    expect(found.map(({ text }) => text)).toEqual(['new'])
  })

  it('gives long texts whole', async () => {
    const token = await author('writer', { subscription_type: 'Premium' })
    const text = 'A long sentence, again. '.repeat(40).trim()
    await post(token, text)
    expect(await items(token)).toMatchObject([{ text }])
  })

  it('gives texts as they were typed, whatever X made of them', async () => {
    const token = await author('linker')
    const texts = [
      'a < b && b > c &amp;',
      'see https://example.com/a?b=c&d=e and docs.example.org, ok',
    ]
    for (const text of texts) await post(token, text)
    const found = await items(token)
    expect(found[1]?.text).toBe(texts[0])
    expect(sameText(texts[1] ?? '', found[0]?.text ?? '')).toBe(true)
  })

  it('tells the parent of a reply, and nothing of deleted posts', async () => {
    const token = await author('threader')
    const parent = await post(token, 'one')
    await post(token, 'two', parent)
    await sandbox.client().remove(token.access_token, await post(token, 'gone'))
    expect(await items(token)).toMatchObject([
      { text: 'two', replyTo: parent },
      { text: 'one', replyTo: null },
    ])
  })

  it('finds nothing in an empty timeline', async () => {
    expect(await items(await author('quiet'))).toEqual([])
  })

  it('proves nothing when one page fails', async () => {
    const token = await author('broken')
    for (let number = 0; number < 120; number += 1) await post(token, `number ${number}`)
    const match = { username: 'broken', method: 'GET' }
    for (const kind of ['401', '402', '429', '503', 'reset_before']) {
      await sandbox.set('faults', { match, kind, after: 1, times: 1 })
      expect((await look(token)).kind).not.toBe('timeline')
      await sandbox.clearFaults()
    }
  })
})

const answering = (body: unknown) => answeringEach([body])

/** One answer after the other, the last one again and again. */
const answeringEach = (bodies: unknown[]) =>
  createX({
    apiUrl: 'https://api.x.com',
    authorizeUrl: 'https://x.com/i/oauth2/authorize',
    tokenUrl: 'https://api.x.com/2/oauth2/token',
    clientId: 'id',
    fetch: async () => Response.json(bodies.length > 1 ? bodies.shift() : bodies[0]),
    now: () => new Date(),
  })

const query = { remoteUserId: '1', since: new Date(0) }

describe("X's newer vocabulary", () => {
  it('is understood as well', async () => {
    const x = answering({
      data: [
        {
          id: '7',
          text: 'cut…',
          note_post: { text: 'the whole text' },
          created_at: '2026-11-22T12:00:00.000Z',
          referenced_posts: [{ type: 'replied_to', id: '6' }],
        },
      ],
      meta: { result_count: 1 },
    })
    expect(await x.timeline('token', query)).toMatchObject({
      kind: 'timeline',
      items: [{ remoteId: '7', text: 'the whole text', replyTo: '6' }],
    })
  })
})

describe('an answer that is not what X promises', () => {
  it.each([
    ['has no meta', { data: [] }],
    ['is no list', 'nothing'],
  ])('is no timeline when it %s', async (_name, body) => {
    expect((await answering(body).timeline('token', query)).kind).not.toBe('timeline')
  })

  const errors = [{ detail: 'Not authorized to view the post.' }]
  it.each([
    ['names errors', { errors, meta: { result_count: 0 } }, /Not authorized to view the post/],
    ['names errors and nothing else', { errors }, /Not authorized to view the post/],
    ['leaves out a time', { data: [{ id: '7', text: 'a' }], meta: {} }, /time of every post/],
  ])('proves no absence when it %s, and says why', async (_name, body, gap) => {
    const result = await answering(body).timeline('token', query)
    expect(result).toMatchObject({ kind: 'timeline', items: [], complete: false })
    expect(result).toHaveProperty('gap', expect.stringMatching(gap))
  })

  it('shows what it shows beside its errors, on every page', async () => {
    const created_at = '2026-11-22T12:00:00.000Z'
    const pages = [
      { data: [{ id: '7', text: 'a', created_at }], errors, meta: { next_token: 'next' } },
      {
        data: [
          { id: '6', text: 'b', created_at },
          { id: '5', text: 'c' },
        ],
        meta: {},
      },
    ]
    const result = await answeringEach(pages).timeline('token', query)
    expect(result).toMatchObject({
      kind: 'timeline',
      items: [{ remoteId: '7' }, { remoteId: '6' }],
      complete: false,
    })
  })
})

describe('sameText', () => {
  it.each([
    ['Visit Example.com now', 'Visit http://example.com now'],
    ['a  b\nc ', 'a b c'],
    ['cafe\u0301', 'café'],
    ['https://EXAMPLE.com/', 'https://example.com'],
    ['https://twitter.com/bob/status/5?s=20', 'https://x.com/bob/status/5?s=20'],
  ])('%j is %j', (sent, found) => {
    expect(sameText(sent, found)).toBe(true)
  })

  it.each([
    ['one', 'two'],
    ['https://example.com/a', 'https://example.com/b'],
    ['https://example.com/A', 'https://example.com/a'],
  ])('%j is not %j', (sent, found) => {
    expect(sameText(sent, found)).toBe(false)
  })
})

describe('sameReplyText', () => {
  it('leaves out the people X writes before a reply, and only those', () => {
    expect(sameReplyText('thanks', '@alice @bob thanks')).toBe(true)
    expect(sameReplyText('@bob thanks', '@alice @bob thanks')).toBe(true)
    expect(sameReplyText('@alice', '@alice @alice')).toBe(true)
    expect(sameReplyText('thanks', 'thanks @alice')).toBe(false)
    expect(sameReplyText('@bob thanks', '@alice thanks')).toBe(false)
  })
})

describe('what X appends or changes', () => {
  const found = async (post: object, includes = {}) => {
    const created_at = '2026-11-22T12:00:00.000Z'
    const body = { data: [{ id: '7', created_at, ...post }], includes, meta: {} }
    const result = await answering(body).timeline('token', query)
    if (result.kind !== 'timeline') throw new Error(result.detail)
    return result.items
  }

  it('expands every short link, and takes off the one of the media', async () => {
    const urls = [
      { url: 'https://t.co/aaaaaaaaaa', expanded_url: 'https://example.com/a' },
      { url: 'https://t.co/bbbbbbbbbb', expanded_url: 'https://example.com/b' },
      {
        url: 'https://t.co/cccccccccc',
        expanded_url: 'https://x.com/someone/status/7/photo/1',
        media_key: '3_11',
      },
    ]
    const [item] = await found(
      {
        text: 'a https://t.co/aaaaaaaaaa b https://t.co/bbbbbbbbbb &amp; c https://t.co/cccccccccc',
        entities: { urls },
        attachments: { media_keys: ['3_11', '16_12'] },
      },
      { media: [{ media_key: '3_11', type: 'photo', alt_text: 'A dog' }] },
    )
    expect(item).toMatchObject({
      text: 'a https://example.com/a b https://example.com/b & c',
      media: [
        { kind: 'photo', remoteId: '11', alt: 'A dog' },
        { kind: 'gif', remoteId: '12', alt: null },
      ],
    })
  })

  it('keeps a link to media of another post that was typed', async () => {
    const expanded_url = 'https://x.com/bob/status/5/photo/1'
    const urls = [{ url: 'https://t.co/aaaaaaaaaa', expanded_url }]
    const [item] = await found({ text: 'see https://t.co/aaaaaaaaaa', entities: { urls } })
    expect(item?.text).toBe(`see ${expanded_url}`)
  })

  it('a post of media alone has no text', async () => {
    const urls = [{ url: 'https://t.co/cccccccccc', media_key: '7_11' }]
    const [item] = await found({
      text: 'https://t.co/cccccccccc',
      entities: { urls },
      attachments: { media_keys: ['7_11'] },
    })
    expect(item).toMatchObject({ text: '', media: [{ kind: 'video', remoteId: '11' }] })
  })

  it('tells what a post quotes, and leaves out what is a repost', async () => {
    const [item] = await found({ text: 'q', referenced_tweets: [{ type: 'quoted', id: '5' }] })
    expect(item).toMatchObject({ quotes: '5' })
    const repost = { text: 'RT', referenced_tweets: [{ type: 'retweeted', id: '5' }] }
    expect(await found(repost)).toEqual([])
  })
})

describe('finding one post', () => {
  it('tells its author, or that X does not show it', async () => {
    const token = await author('finder')
    const id = await post(token, 'here')
    const client = sandbox.client()

    expect(await client.find(token.access_token, id)).toMatchObject({
      kind: 'found',
      item: { remoteId: id, authorId: token.user_id, text: 'here' },
    })
    expect(await client.find(token.access_token, '12345')).toMatchObject({ kind: 'missing' })
    expect((await client.find('no token', id)).kind).toBe('reauth')
  })
})
