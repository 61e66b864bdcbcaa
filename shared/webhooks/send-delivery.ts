import type { Deps } from '../deps.ts'
import type { Target } from '../egress/check-target.ts'
import { ProxyUnreachable } from '../egress/fetch-public.ts'
import type { ClaimedDelivery, DeliveryResult } from './batches.ts'
import { isAllowedHeader } from './custom-headers.ts'
import { eventBody } from './event-body.ts'
import { type Ending, judgeAttempt } from './judge-attempt.ts'
import { parseRetryAfter } from './parse-retry-after.ts'
import { readPrefix } from './read-prefix.ts'
import type { Recipient, Secrets } from './recipients.ts'
import { sign } from './sign.ts'

type Need = Pick<Deps, 'fetch' | 'fetchPublic' | 'now' | 'monotonic' | 'deadline' | 'randomBytes'>

/** How long an endpoint has to answer. */
const TIMEOUT_MS = 15_000

/** Makes one attempt of a delivery. Never throws: whatever goes wrong is its result. */
export const sendDelivery = async (
  deps: Need,
  recipient: Recipient,
  delivery: ClaimedDelivery,
  timeoutMs = TIMEOUT_MS,
): Promise<DeliveryResult> => {
  const startedAt = deps.now()
  const start = deps.monotonic()
  const { ending, response } = await attempt(deps, recipient, delivery, timeoutMs)
  const [random = 0] = deps.randomBytes(1)
  return {
    delivery_id: delivery.id,
    endpoint_id: delivery.endpoint_id,
    number: delivery.number,
    started_at: startedAt.toISOString(),
    duration_ms: Math.round(deps.monotonic() - start),
    ...('status' in ending ? { http_status: ending.status } : {}),
    ...(response === undefined ? {} : { response }),
    ...judgeAttempt(ending, delivery.failure_count, random / 256),
  }
}

type Attempted = { ending: Ending; response?: string }

const attempt = async (
  deps: Need,
  recipient: Recipient,
  delivery: ClaimedDelivery,
  timeoutMs: number,
): Promise<Attempted> => {
  const signal = deps.deadline(timeoutMs)
  try {
    const target = await recipient.target(signal)
    if (target.kind === 'refused') return { ending: { error: target.slug } }
    const secrets = recipient.secrets()
    if (!secrets) return { ending: { error: 'secret-unreadable', isOurs: true } }
    const answer = await post(deps, target, secrets, delivery, signal)
    const retryAfterMs = parseRetryAfter(answer.headers.get('retry-after'), deps.now())
    const response = await readPrefix(answer)
    return { ending: { status: answer.status, retryAfterMs }, response }
  } catch (error) {
    if (error instanceof ProxyUnreachable) {
      return { ending: { error: 'proxy-unreachable', isOurs: true } }
    }
    return { ending: { error: signal.aborted ? 'timeout' : 'unreachable' } }
  }
}

const post = async (
  deps: Need,
  { url, addresses }: Target & { kind: 'allowed' },
  { keys, headers }: Secrets,
  { event }: ClaimedDelivery,
  signal: AbortSignal,
): Promise<Response> => {
  const body = eventBody(event)
  const timestamp = Math.floor(deps.now().getTime() / 1000)
  const request = {
    method: 'POST' as const,
    headers: {
      // Refused when they were saved; our own still come last.
      ...allowedAmong(headers),
      'content-type': 'application/json',
      'user-agent': 'MyPosts-Webhooks/1',
      'webhook-id': event.id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': sign(keys, event.id, timestamp, body),
    },
    body,
    signal,
  }
  return addresses
    ? deps.fetchPublic(url, addresses, request)
    : deps.fetch(url, { ...request, redirect: 'manual' })
}

const allowedAmong = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => isAllowedHeader(name)))
