import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { afterEach, expect, test } from 'vitest'
import { sealHeaders } from '../../../shared/webhooks/headers-envelope.ts'
import { recipientOf } from '../../../shared/webhooks/recipients.ts'
import { newSecret, sealSecret } from '../../../shared/webhooks/secret.ts'
import { sendDelivery } from '../../../shared/webhooks/send-delivery.ts'
import { claimedDelivery } from '../../helpers/claimed-event.ts'
import { fakeApi } from '../../helpers/fake-api.ts'

const { deps: fake } = fakeApi()
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

const listen = async (handler: RequestListener) => {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Sends one delivery to a real server, with our own signing and checks. */
const send = async (
  handler: RequestListener,
  options: {
    url?: string
    allowed?: boolean
    headers?: Record<string, string>
    timeoutMs?: number
  } = {},
) => {
  const host = await listen(handler)
  const allowed = options.allowed === false ? [] : [host]
  const deps = {
    ...fake,
    deadline: (ms: number) => AbortSignal.timeout(ms),
    env: { ...fake.env, WEBHOOK_PRIVATE_HOSTS: allowed },
    fetch,
    now: () => new Date(),
  }
  const delivery = claimedDelivery()
  const place = { endpointId: delivery.endpoint_id, workspaceId: delivery.event.workspace_id }
  const secret = newSecret(deps)
  const sealed = sealHeaders(deps.env.ENCRYPTION_KEYS, options.headers ?? null, place)
  const recipient = recipientOf(deps, {
    id: place.endpointId,
    workspace_id: place.workspaceId,
    url: options.url ?? `http://${host}/hook`,
    encrypted_secrets: [sealSecret(deps.env.ENCRYPTION_KEYS, secret, place)],
    encrypted_headers: sealed.encrypted_headers ?? null,
  })
  return {
    delivery,
    secret,
    result: await sendDelivery(deps, recipient, delivery, options.timeoutMs ?? 5_000),
  }
}

test('POSTs the event, signed so that the reference library accepts the raw bytes', async () => {
  let received = { headers: {} as Record<string, string>, body: '' }
  const { delivery, secret, result } = await send((req, res) => {
    let body = ''
    req.on('data', (chunk) => {
      body += chunk
    })
    req.on('end', () => {
      received = { headers: req.headers as Record<string, string>, body }
      res.writeHead(200).end('thanks')
    })
  })
  expect(result).toMatchObject({
    delivery_id: delivery.id,
    endpoint_id: delivery.endpoint_id,
    number: 1,
    outcome: 'delivered',
    http_status: 200,
    response: 'thanks',
  })
  expect(received.headers['webhook-id']).toBe(delivery.event.id)
  expect(new Webhook(secret).verify(received.body, received.headers)).toMatchObject({
    type: 'post.published',
  })
})

test('sends custom headers along, but none that we write ourselves', async () => {
  let headers: Record<string, unknown> = {}
  const { delivery } = await send(
    (req, res) => {
      headers = req.headers
      res.end()
    },
    {
      headers: {
        Authorization: 'Bearer a-gateway-wants-it',
        'X-Tenant': 'seven',
        'Webhook-Id': 'forged',
        'content-type': 'text/plain',
      },
    },
  )
  expect(headers).toMatchObject({
    authorization: 'Bearer a-gateway-wants-it',
    'x-tenant': 'seven',
    'webhook-id': delivery.event.id,
    'content-type': 'application/json',
  })
})

test('never follows a redirect', async () => {
  let calls = 0
  const { result } = await send((_req, res) => {
    calls += 1
    res.writeHead(302, { location: '/elsewhere' }).end()
  })
  expect(result).toMatchObject({ outcome: 'retry', error: 'redirect', http_status: 302 })
  expect(calls).toBe(1)
})

test('waits for an answer no longer than the timeout', async () => {
  const { result } = await send(() => {}, { timeoutMs: 300 })
  expect(result).toMatchObject({ outcome: 'retry', error: 'timeout' })
})

test('takes the status for the answer when only the body hangs', async () => {
  const { result } = await send(
    (_req, res) => {
      res.writeHead(200)
      res.write('begun')
    },
    { timeoutMs: 300 },
  )
  expect(result).toMatchObject({ outcome: 'delivered', response: 'begun' })
})

test('reports a connection that breaks as unreachable', async () => {
  const { result } = await send((req) => req.socket.destroy())
  expect(result).toMatchObject({ outcome: 'retry', error: 'unreachable' })
})

test('sends nothing to an address that has become private since it was saved', async () => {
  let calls = 0
  const { result } = await send(
    () => {
      calls += 1
    },
    { allowed: false },
  )
  expect(result).toMatchObject({ outcome: 'retry', error: 'address-refused' })
  expect(calls).toBe(0)
})

test('sends nothing when the secret belongs to another endpoint', async () => {
  const recipient = recipientOf(fake, {
    id: 'one',
    workspace_id: 'w',
    url: 'https://example.com/',
    encrypted_headers: null,
    encrypted_secrets: [
      sealSecret(fake.env.ENCRYPTION_KEYS, newSecret(fake), {
        endpointId: 'another',
        workspaceId: 'w',
      }),
    ],
  })
  const result = await sendDelivery(fake, recipient, claimedDelivery())
  expect(result).toMatchObject({
    outcome: 'retry',
    error: 'secret-unreadable',
    is_our_fault: true,
  })
})
