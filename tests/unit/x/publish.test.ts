import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type OpenSandbox, openSandbox, type TokenPair } from '../../helpers/open-sandbox.ts'
import { until } from '../../helpers/until.ts'

let sandbox: OpenSandbox
let alice: TokenPair
let bob: TokenPair
beforeAll(async () => {
  sandbox = await openSandbox()
  alice = await sandbox.token('alice')
  bob = await sandbox.token('bob')
})
afterEach(() => sandbox.clearFaults())
afterAll(() => sandbox.close())

const publish = (text: string, options: { replyTo?: string; signal?: AbortSignal } = {}) =>
  sandbox
    .client()
    .publish(
      alice.access_token,
      { text, ...(options.replyTo ? { replyTo: options.replyTo } : {}) },
      options.signal ? { signal: options.signal } : {},
    )

const published = async (text: string) => {
  const result = await publish(text)
  if (result.kind !== 'accepted') throw new Error(result.detail)
  return result.remoteId
}

const wasAccepted = async (text: string) =>
  (await sandbox.accepted()).some((post) => post.text === text)

const fault = (kind: string, text: string, more = {}) =>
  sandbox.set('faults', { match: { text_contains: text }, kind, times: 1, ...more })

describe('publishing', () => {
  it('gives the remote id and the rate window', async () => {
    const result = await publish('first')
    expect(result).toMatchObject({ kind: 'accepted', remoteId: expect.stringMatching(/^\d{19}$/) })
    expect(result.rates).toMatchObject([{ scope: 'account', seconds: 900, limit: 100 }])
  })

  it('replies to its own post', async () => {
    const parent = await published('thread 1')
    expect(await publish('thread 2', { replyTo: parent })).toMatchObject({ kind: 'accepted' })
    const reply = (await sandbox.accepted()).find(({ text }) => text === 'thread 2')
    expect(reply?.reply_to).toBe(parent)
  })

  it('is refused a reply to someone else', async () => {
    const parent = await published('a post of alice')
    const result = await sandbox.client().publish(bob.access_token, { text: 'hi', replyTo: parent })
    expect(result).toMatchObject({ kind: 'refused', slug: 'reply-not-allowed' })
  })

  it('is refused the same text twice', async () => {
    await published('once only')
    expect(await publish('once only')).toMatchObject({ kind: 'refused', slug: 'duplicate-content' })
  })

  it('is refused a text that is too long', async () => {
    expect(await publish('x'.repeat(281))).toMatchObject({ kind: 'refused', slug: 'not-permitted' })
  })
})

describe('publishing when X fails', () => {
  it.each([
    ['500_before', 'unfinished', false],
    ['503', 'unfinished', false],
    ['500_after', 'unfinished', true],
    ['reset_before', 'connection-lost', false],
    ['reset_after', 'connection-lost', true],
  ])('does not know the outcome of a %s', async (kind, slug, accepted) => {
    const text = `the outcome of ${kind}`
    await fault(kind, text)
    expect(await publish(text)).toMatchObject({ kind: 'unknown', slug })
    expect(await wasAccepted(text)).toBe(accepted)
  })

  it('does not know the outcome when it gives up waiting', async () => {
    await fault('hang', 'hanging')
    const result = await publish('hanging', { signal: AbortSignal.timeout(50) })
    expect(result).toMatchObject({ kind: 'unknown', slug: 'timeout' })
    expect(await wasAccepted('hanging')).toBe(false)
  })

  it('may be accepted long after it gave up', async () => {
    await fault('late_accept', 'late', { ms: 30 })
    const result = await publish('late', { signal: AbortSignal.timeout(50) })
    expect(result).toMatchObject({ kind: 'unknown', slug: 'timeout' })
    expect(await wasAccepted('late')).toBe(false)
    await until('the late post is accepted', () => wasAccepted('late'))
  })

  it.each([
    ['401', 'reauth', 'token-refused'],
    ['402', 'app_blocked', 'credits-depleted'],
    ['403', 'refused', 'not-permitted'],
    ['duplicate_403', 'refused', 'duplicate-content'],
  ])('knows that a %s published nothing', async (status, kind, slug) => {
    const text = `the answer ${status}`
    await fault(status, text)
    expect(await publish(text)).toMatchObject({ kind, slug })
    expect(await wasAccepted(text)).toBe(false)
  })

  it.each([403, 404])(
    'takes the page of a firewall before X, a %i, for no refusal of X',
    async (status) => {
      const page = { kind: 'answer', status, body: '<!DOCTYPE html><title>Just a moment…</title>' }
      await sandbox.set('faults', { match: {}, ...page })
      const x = sandbox.client()
      const photo = { kind: 'photo', contentType: 'image/png', bytes: 1 } as const
      const answers = [
        await x.publish(alice.access_token, { text: 'behind a firewall' }),
        await x.media.begin(alice.access_token, photo),
        await x.remove(alice.access_token, '1'),
      ]
      for (const answer of answers) {
        expect(answer).toMatchObject({ kind: 'retry', slug: 'not-from-x', who: 'provider', status })
      }
      expect(await wasAccepted('behind a firewall')).toBe(false)
    },
  )

  it('waits for the reset that a 429 names', async () => {
    await fault('429', 'too many', { ms: 120_000 })
    const result = await publish('too many')
    if (result.kind !== 'retry') throw new Error(result.kind)
    const seconds = ((result.after?.getTime() ?? 0) - Date.now()) / 1_000
    expect(seconds).toBeGreaterThan(115)
    expect(seconds).toBeLessThan(125)
    expect(result.rates).toMatchObject([{ remaining: 0 }])
  })

  it('still publishes when X is slow', async () => {
    await fault('latency', 'slow', { ms: 60 })
    const started = performance.now()
    expect(await publish('slow')).toMatchObject({ kind: 'accepted' })
    expect(performance.now() - started).toBeGreaterThan(50)
  })

  it('knows that nothing was sent when nobody listens', async () => {
    const other = await openSandbox()
    const client = other.client()
    await other.close()
    const result = await client.publish(alice.access_token, { text: 'unheard' })
    expect(result).toMatchObject({ kind: 'not_sent', slug: 'not-sent' })
  })

  it('knows that nothing was sent when it had given up before', async () => {
    const result = await publish('never', { signal: AbortSignal.abort() })
    expect(result).toMatchObject({ kind: 'not_sent' })
    expect(await wasAccepted('never')).toBe(false)
  })
})

describe('removing', () => {
  it('deletes the post', async () => {
    const id = await published('to be removed')
    expect(await sandbox.client().remove(alice.access_token, id)).toMatchObject({ kind: 'removed' })
  })

  it('counts a post that is already gone as removed', async () => {
    const id = await published('to be removed twice')
    await sandbox.client().remove(alice.access_token, id)
    expect(await sandbox.client().remove(alice.access_token, id)).toMatchObject({ kind: 'removed' })
  })

  it('may not touch the post of someone else', async () => {
    const id = await published('a post to keep')
    expect(await sandbox.client().remove(bob.access_token, id)).toMatchObject({ kind: 'refused' })
  })
})
