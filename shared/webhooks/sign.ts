import type { Bytes } from '../crypto/bytes.ts'
import { secretBytes } from './secret.ts'

/** The key of a `whsec_` secret, for as many signatures as needed. */
export const importSecret = (secret: string): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', secretBytes(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ])

/**
 * The webhook-signature header of Standard Webhooks: one `v1,<base64>` per key, separated by
 * spaces, over `<id>.<timestamp>.<body>`. `timestamp` is in unix seconds; `id` holds no dot.
 */
export const sign = async (
  keys: CryptoKey[],
  id: string,
  timestamp: number,
  body: Bytes,
): Promise<string> => {
  const head = new TextEncoder().encode(`${id}.${timestamp}.`)
  const content = new Uint8Array(head.length + body.length)
  content.set(head)
  content.set(body, head.length)
  const signatures = await Promise.all(
    keys.map(async (key) => {
      const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, content))
      return `v1,${btoa(String.fromCharCode(...mac))}`
    }),
  )
  return signatures.join(' ')
}
