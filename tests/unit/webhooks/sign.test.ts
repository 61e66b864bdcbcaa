import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { newSecret, secretBytes } from '../../../shared/webhooks/secret.ts'
import { sign } from '../../../shared/webhooks/sign.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

test('signs the vector of the specification', () => {
  const key = secretBytes('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
  expect(sign([key], id, 1614265330, bytes('{"test": 2432232314}'))).toBe(
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  )
})

test('signs any body so that the reference library accepts it', () =>
  fc.assert(
    fc.property(fc.uuid(), fc.jsonValue(), (id, value) => {
      const secret = newSecret({ randomBytes: random })
      const body = JSON.stringify(value)
      const now = Math.floor(Date.now() / 1000)
      const signature = sign([secretBytes(secret)], id, now, bytes(body))
      const headers = {
        'webhook-id': id,
        'webhook-timestamp': String(now),
        'webhook-signature': signature,
      }
      expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body))
      expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow()
    }),
    { numRuns: 50 },
  ))

test('during a rotation both secrets verify, and no other does', () => {
  const [current, previous, other] = [1, 2, 3].map(() => newSecret({ randomBytes: random }))
  const now = Math.floor(Date.now() / 1000)
  const keys = [current, previous].map((it) => secretBytes(it as string))
  const headers = {
    'webhook-id': 'id',
    'webhook-timestamp': String(now),
    'webhook-signature': sign(keys, 'id', now, bytes('{}')),
  }
  for (const secret of [current, previous]) {
    expect(new Webhook(secret as string).verify('{}', headers)).toEqual({})
  }
  expect(() => new Webhook(other as string).verify('{}', headers)).toThrow()
})
