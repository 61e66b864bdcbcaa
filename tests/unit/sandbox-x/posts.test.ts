import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type OpenSandbox, openSandbox } from '../../helpers/open-sandbox.ts'

let sandbox: OpenSandbox
let authorization: string
beforeAll(async () => {
  sandbox = await openSandbox()
})
beforeEach(async () => {
  await sandbox.set('reset', {})
  authorization = `Bearer ${(await sandbox.token('demo')).access_token}`
})
afterAll(() => sandbox.close())

const ask = async (method: string, path: string, body?: unknown) => {
  const response = await fetch(sandbox.url() + path, {
    method,
    headers: { authorization },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}
const post = (body: unknown) => ask('POST', '/2/tweets', body)

describe('POST /2/tweets', () => {
  it('gives ids of 19 digits that only grow, even when the clock goes back', async () => {
    const ids: string[] = []
    for (const offset_ms of [0, 5_000, -5_000, 0]) {
      await sandbox.set('clock', { offset_ms })
      const text = `at ${offset_ms} ${ids.length}`
      ids.push((await post({ text })).body.data.id as string)
    }
    expect(ids.every((id) => /^\d{19}$/.test(id))).toBe(true)
    expect(ids).toEqual(ids.toSorted())
    await sandbox.set('clock', { offset_ms: 0 })
  })

  it.each([
    ['an unknown key', { text: 'a', scheduled_at: 'now' }],
    ['no text', {}],
    ['an empty text', { text: ' ' }],
    ['a text that is none', { text: 5 }],
    ['a broken reply', { text: 'a', reply: { in_reply_to_tweet_id: 'x' } }],
    ['media it does not know', { text: 'a', media: { media_ids: ['1'] } }],
    ['a list', []],
  ])('refuses %s with 400', async (_name, body) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { title: 'Invalid Request' } })
    expect(await sandbox.accepted()).toEqual([])
  })

  it('refuses who is not signed in', async () => {
    authorization = 'Bearer nothing'
    expect(await post({ text: 'a' })).toMatchObject({ status: 401 })
  })

  it('refuses a reply to a post that is gone', async () => {
    const parent = (await post({ text: 'parent' })).body.data.id
    await ask('DELETE', `/2/tweets/${parent}`)
    const reply = await post({ text: 'child', reply: { in_reply_to_tweet_id: parent } })
    expect(reply).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('deleted') },
    })
  })

  it('counts length by weight, and allows more to who pays', async () => {
    expect(await post({ text: '字'.repeat(141) })).toMatchObject({ status: 403 })
    await sandbox.set('users', { username: 'demo', subscription_type: 'Premium' })
    expect(await post({ text: '字'.repeat(141) })).toMatchObject({ status: 201 })
  })

  it('counts every attempt, accepted or not', async () => {
    for (let attempt = 0; attempt < 3; attempt += 1) await post({ text: 'again' })
    expect(await sandbox.accepted()).toMatchObject([{ text: 'again', attempts: 3 }])
  })

  it('accepts the same text from another account, as a reply, and after the window', async () => {
    const first = await post({ text: 'same' })
    expect(await post({ text: 'same' })).toMatchObject({ status: 403 })
    const reply = { in_reply_to_tweet_id: first.body.data.id }
    expect(await post({ text: 'same', reply })).toMatchObject({ status: 201 })
    await sandbox.set('limits', { duplicate_window_ms: 0 })
    expect(await post({ text: 'same' })).toMatchObject({ status: 201 })
    const stats = await sandbox.get('stats')
    expect(stats).toMatchObject({ accepted: 3, distinct_texts: 1, per_user: { demo: 3 } })
  })
})

describe('limits', () => {
  it('are told with every answer and end in 429 until the window is over', async () => {
    await sandbox.set('limits', { posts_per_15_min: 2 })
    const seen = []
    for (let number = 0; number < 3; number += 1) seen.push(await post({ text: `n ${number}` }))
    expect(seen.map(({ status }) => status)).toEqual([201, 201, 429])
    const remaining = seen.map(({ headers }) => headers.get('x-rate-limit-remaining'))
    expect(remaining).toEqual(['1', '0', '0'])
    const reset = Number(seen[2]?.headers.get('x-rate-limit-reset'))
    expect(reset - Date.now() / 1_000).toBeGreaterThan(890)
    await sandbox.set('clock', { offset_ms: 15 * 60 * 1_000 + 1_000 })
    expect(await post({ text: 'n 3' })).toMatchObject({ status: 201 })
  })

  it('of the whole app are told apart', async () => {
    await sandbox.set('limits', { app_per_24_h: 1 })
    await post({ text: 'a' })
    const refused = await post({ text: 'b' })
    expect(refused.status).toBe(429)
    expect(refused.headers.get('x-app-limit-24hour-remaining')).toBe('0')
  })

  it('of credits end in 402', async () => {
    await sandbox.set('credits', { remaining: 1 })
    expect(await post({ text: 'a' })).toMatchObject({ status: 201 })
    expect(await post({ text: 'b' })).toMatchObject({
      status: 402,
      body: { title: 'CreditsDepleted' },
    })
  })
})

describe('reading', () => {
  it('asks for 5 to 100 posts a page', async () => {
    const path = '/2/users/1000000000000000001/tweets'
    expect(await ask('GET', `${path}?max_results=4`)).toMatchObject({ status: 400 })
    expect(await ask('GET', `${path}?max_results=101`)).toMatchObject({ status: 400 })
    for (let number = 0; number < 7; number += 1) await post({ text: `n ${number}` })
    const first = (await ask('GET', `${path}?max_results=5`)).body
    const next = `${path}?max_results=5&pagination_token=${first.meta.next_token}`
    const second = (await ask('GET', next)).body
    expect([first.data.length, second.data.length]).toEqual([5, 2])
    expect(second.meta.next_token).toBeUndefined()
    const since = (await ask('GET', `${path}?since_id=${first.data[2].id}`)).body
    expect(since.data.map(({ text }: { text: string }) => text)).toEqual(['n 6', 'n 5'])
  })

  it('asks for 1 to 100 ids', async () => {
    expect(await ask('GET', '/2/tweets?ids=')).toMatchObject({ status: 400 })
    const ids = Array.from({ length: 101 }, (_, index) => index + 1).join(',')
    expect(await ask('GET', `/2/tweets?ids=${ids}`)).toMatchObject({ status: 400 })
  })

  it('answers in the newer vocabulary when asked in it', async () => {
    const { id } = (await post({ text: 'a' })).body.data
    const answer = await ask('GET', `/2/tweets?ids=${id}&post.fields=public_metrics`)
    expect(answer.body.data[0]).toMatchObject({
      edit_history_post_ids: [id],
      public_metrics: { repost_count: expect.any(Number) },
    })
  })
})
