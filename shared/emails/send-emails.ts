import type { Bytes } from '../crypto/bytes.ts'
import type { Deps } from '../deps.ts'
import { retryDelay } from '../webhooks/retry-delay.ts'
import { secretBytes } from '../webhooks/secret.ts'
import { sign } from '../webhooks/sign.ts'
import { type ClaimedEmail, messageOf } from './email.ts'

type Need = Pick<Deps, 'deadline' | 'env' | 'fetch' | 'log' | 'now' | 'randomBytes' | 'service'>

/** `retry_after_ms` null: it was handed over, or given up. */
type Result = { id: string; retry_after_ms: number | null }

const TIMEOUT_MS = 15_000

/**
 * Hands due e-mails to the deployment's hook: one signed POST (Standard Webhooks) per recipient, as
 * Supabase Auth calls its send-email hook. What is not answered with 2xx is tried again like a
 * webhook, under the same webhook-id. Without EMAIL_HOOK_URL nobody is told.
 */
export const sendEmails = async (deps: Need): Promise<void> => {
  const { EMAIL_HOOK_URL: url, EMAIL_HOOK_SECRET: secrets } = deps.env
  const args = { p_is_connected: url !== undefined }
  const emails = await deps.service<ClaimedEmail[]>('claim_emails', args)
  if (url === undefined || emails.length === 0) return

  const keys = secrets.map(secretBytes)
  const results = await Promise.all(emails.map((email) => handOver(deps, url, keys, email)))
  await deps.service('settle_emails', { p_results: results })
}

const handOver = async (
  deps: Need,
  url: string,
  keys: Bytes[],
  email: ClaimedEmail,
): Promise<Result> => {
  const error = await post(deps, url, keys, email)
  const [random = 0] = deps.randomBytes(1)
  const wait = error === null ? null : retryDelay(email.failure_count + 1, random / 256)
  const level = error === null ? 'info' : 'error'
  deps.log({ level, message: 'e-mail hook', id: email.id, kind: email.kind, error, retry_ms: wait })
  return { id: email.id, retry_after_ms: wait }
}

/** Null when the hook took it, else what went wrong. */
const post = async (
  deps: Need,
  url: string,
  keys: Bytes[],
  email: ClaimedEmail,
): Promise<string | null> => {
  const timestamp = Math.floor(deps.now().getTime() / 1000)
  const body = bodyOf(email)
  try {
    const response = await deps.fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': email.id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': sign(keys, email.id, timestamp, body),
      },
      body,
      redirect: 'manual',
      signal: deps.deadline(TIMEOUT_MS),
    })
    await response.body?.cancel()
    return response.ok ? null : `http-${response.status}`
  } catch {
    return 'unreachable'
  }
}

const bodyOf = (email: ClaimedEmail): Bytes => {
  const { kind: type, created_at: timestamp, to, user_id, workspace, data } = email
  const message = { to, ...messageOf(email) }
  const payload = { type, timestamp, data: { email: message, user_id, workspace, ...data } }
  return new TextEncoder().encode(JSON.stringify(payload)) as Bytes
}
