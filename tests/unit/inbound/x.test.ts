import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { createApp } from '../../../functions/inbound/app.ts'
import { parseEnv } from '../../../shared/env.ts'
import { networkOf } from '../../../shared/networks/network-of.ts'
import { fakeApi, VARIABLES } from '../../helpers/fake-api.ts'

const SECRET = 'test_consumer_secret'
const URL = 'https://project.example.com/inbound/x'

const open = (secrets: string | undefined = SECRET) => {
  const fake = fakeApi({ 'service.claim_inbound': () => ({ receipts: [], next_in_ms: null }) })
  const env = parseEnv({ ...VARIABLES, X_CONSUMER_SECRET: secrets })
  const deps = { ...fake.deps, env, sleep: async () => {} }
  const app = createApp(deps, networkOf(deps))
  const post = (body: BodyInit, signature?: string) =>
    app.request(URL, {
      method: 'POST',
      body,
      headers: signature === undefined ? {} : { 'x-twitter-webhooks-signature': signature },
    })
  const stored = () =>
    fake.calls
      .filter(({ name }) => name === 'service.receive_inbound')
      .flatMap(({ args }) => args.p_receipts as Record<string, string>[])
  return { app, post, stored, fake }
}

const sign = (body: string | Buffer, secret = SECRET) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('base64')}`

// Computed outside of this project from X's documentation.
const VECTORS = {
  challenge: ['challenge_string', 'sha256=583uAmerwtjpykYEAEm+CEIRm6dOywK4QKRr0ha/Pd4='],
  body: [
    '{"data":{"event_type":"post.create"}}',
    'sha256=I21GAOfDdGtxrivO5DtSt1mbTSmOouLIsn1arurMc/8=',
  ],
} as const

test('the challenge of the published vector is answered', async () => {
  const [token, expected] = VECTORS.challenge
  const response = await open().app.request(`${URL}?crc_token=${token}`)
  expect(await response.json()).toEqual({ response_token: expected })
})

test('the challenge is answered under the newest secret', async () => {
  const response = await open(`newest,${SECRET}`).app.request(`${URL}?crc_token=t`)
  expect(await response.json()).toEqual({ response_token: sign('t', 'newest') })
})

test('a challenge without a token is told what it lacks', async () => {
  const response = await open().app.request(URL)
  expect(response.status).toBe(422)
})

test('the event of the published vector is stored word for word', async () => {
  const [body, signature] = VECTORS.body
  const { post, stored } = open()
  expect((await post(body, signature)).status).toBe(200)
  expect(stored()).toMatchObject([{ provider: 'x', type: 'unknown', body }])
})

test.each(['old', 'new'])(
  'while the secret is changed, an event signed with the %s one is taken',
  async (secret) => {
    const { post, stored } = open('new,old')
    expect((await post('{}', sign('{}', secret))).status).toBe(200)
    expect(stored()).toHaveLength(1)
  },
)

test.each([
  ['none', undefined],
  ['one of another secret', sign('{}', 'other')],
  ['one of another body', sign('{ }')],
  ['one that is no base64', 'sha256=!'],
  ['an empty one', 'sha256='],
  ['one of another method', sign('{}').replace('sha256', 'sha1')],
  ['a part of the right one', sign('{}').slice(0, 20)],
])('with %s for a signature an event is refused and not stored', async (_, signature) => {
  const { post, stored } = open()
  const response = await post('{}', signature)
  expect(response.status).toBe(401)
  expect((await response.json()).type).toMatch(/#signature-invalid$/)
  expect(stored()).toEqual([])
})

test('the signature is that of the bytes, not of the text they decode to', async () => {
  const { post, stored } = open()
  const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x7d])
  expect((await post(new Uint8Array(bytes), sign(bytes))).status).toBe(200)
  expect(stored()).toMatchObject([{ body: '{\ufffd\ufffd}', type: 'unknown' }])
  expect((await post(new Uint8Array(bytes), sign(bytes.toString('utf8')))).status).toBe(401)
})

test('a body of more than a megabyte is refused before it is read to its end', async () => {
  const { post, stored } = open()
  const chunk = new Uint8Array(262_144)
  let sent = 0
  const endless = new ReadableStream({
    pull: (controller) => {
      sent += 1
      controller.enqueue(chunk)
    },
  })
  const response = await open().app.request(
    new Request(URL, { method: 'POST', body: endless, duplex: 'half' } as RequestInit),
  )
  expect(response.status).toBe(413)
  expect(sent).toBeLessThan(10)
  expect((await post('x'.repeat(1_048_577), 'sha256=')).status).toBe(413)
  expect(stored()).toEqual([])
})

test('without a consumer secret the answer names the setting', async () => {
  const { app, post } = open('')
  for (const response of [await app.request(`${URL}?crc_token=t`), await post('{}', sign('{}'))]) {
    expect(response.status).toBe(503)
    expect((await response.json()).detail).toContain('X_CONSUMER_SECRET')
  }
})

test('events of one id but of different users or types are different events', async () => {
  const { post, stored } = open()
  const events = [
    ['post.create', '1'],
    ['post.mention.create', '2'],
    ['post.mention.create', '3'],
  ].map(([event_type, user_id]) => ({
    data: { event_uuid: '-77', event_type, filter: { user_id }, payload: {} },
  }))
  for (const event of events) {
    const body = JSON.stringify(event)
    await post(body, sign(body))
  }
  expect(new Set(stored().map(({ event_id }) => event_id)).size).toBe(3)
})
