import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { apiAs } from '../helpers/api.ts'
import { startHostileReceiver } from '../helpers/hostile-receiver.ts'
import { newSandboxAccount } from '../helpers/sandbox-account.ts'
import { until } from '../helpers/until.ts'

type Attempt = {
  outcome: string
  http_status: number | null
  error: string | null
  response: string | null
  duration_ms: number
  started_at: string
}
type Delivery = {
  status: string
  failure: string | null
  next_attempt_at: string
  attempts: Attempt[]
}

let receiver: Awaited<ReturnType<typeof startHostileReceiver>>
let api: ReturnType<typeof apiAs>

beforeAll(async () => {
  receiver = await startHostileReceiver(inject('receiverPorts').hostile)
  const { client } = await newSandboxAccount(inject('stack'))
  const { data } = await client.auth.getSession()
  api = apiAs(data.session?.access_token)
})
afterAll(() => receiver.close())

/** Adds an endpoint at a path and sends it a test. */
const sendTo = async (path: string): Promise<string> => {
  const made = await api('POST', '/webhook-endpoints', { body: { url: receiver.url(path) } })
  expect([made.status, made.body.detail]).toEqual([201, undefined])
  expect((await api('POST', `/webhook-endpoints/${made.body.id}/test`)).status).toBe(202)
  return made.body.id
}

/** Its only delivery, once the first attempt has ended. */
const firstAttempt = (endpointId: string): Promise<Delivery & { attempt: Attempt }> =>
  until(
    'an attempt is in the log',
    async () => {
      const { body } = await api(
        'GET',
        `/deliveries?endpoint_id=${endpointId}&event_type=webhook.test`,
      )
      const [delivery] = body.data as Delivery[]
      const attempt = delivery?.attempts[0]
      return delivery && attempt && { ...delivery, attempt }
    },
    40_000,
  )

test('whatever a receiver does, it is bounded in time and memory, recorded, and delays no other', async () => {
  const paths = [
    '/never',
    '/streams',
    '/huge',
    '/dies-before',
    '/dies-within',
    '/busy',
    '/redirects',
  ]
  const ids = new Map<string, string>()
  for (const path of paths) ids.set(path, await sendTo(path))
  const gone = await sendTo('/gone')
  const good = await sendTo('/good')

  const outcomeOf = async (path: string) => {
    const { attempt, status } = await firstAttempt(ids.get(path) ?? '')
    const { outcome, error, http_status } = attempt
    return { status, outcome, error, http_status }
  }
  const delivered = await firstAttempt(good)
  expect(delivered.attempt).toMatchObject({ outcome: 'delivered', response: 'ok' })
  expect(receiver.hasLeft('/never')).toBe(false)

  const retried = { status: 'pending', outcome: 'failed' }
  const arrived = { status: 'delivered', outcome: 'delivered', error: null, http_status: 200 }
  expect(await outcomeOf('/dies-before')).toMatchObject({ ...retried, error: 'unreachable' })
  expect(await outcomeOf('/redirects')).toEqual({ ...retried, error: 'redirect', http_status: 307 })
  expect(await outcomeOf('/busy')).toEqual({ ...retried, error: 'http-429', http_status: 429 })
  expect(await outcomeOf('/dies-within')).toEqual(arrived)
  expect(await outcomeOf('/streams')).toEqual(arrived)
  expect(await outcomeOf('/huge')).toEqual(arrived)
  expect(await outcomeOf('/never')).toMatchObject({ ...retried, error: 'timeout' })
  expect((await firstAttempt(gone)).failure).toBe('gone')
  expect((await api('GET', `/webhook-endpoints/${gone}`)).body.disabled_reason).toBe('gone')

  const busy = await firstAttempt(ids.get('/busy') ?? '')
  const restMs = Date.parse(busy.next_attempt_at) - Date.parse(busy.attempt.started_at)
  expect(restMs).toBeGreaterThanOrEqual(119_000)
  expect((await firstAttempt(ids.get('/never') ?? '')).attempt.duration_ms).toBeLessThan(20_000)
  expect(receiver.calls).not.toContain('/elsewhere')
  for (const path of ['/streams', '/huge']) {
    await until(`the connection to ${path} is closed`, () => receiver.hasLeft(path), 20_000)
    expect(receiver.poured(path)).toBeLessThan(16 * 1024 * 1024)
    expect((await firstAttempt(ids.get(path) ?? '')).attempt.response).toBe('x'.repeat(1_024))
  }
})
