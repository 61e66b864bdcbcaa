/** A call that got no whole answer; only `not_sent` is certain that no byte of it left. */
export type Broken = { broken: 'not_sent' | 'lost' | 'timeout'; detail: string }

/** Error codes of Node's fetch that only ever arise before a connection carries a request. */
const beforeConnected = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/**
 * Node names the system call that failed. "No route to host", say, is also how a connection ends
 * that had carried a request, so a code alone proves nothing.
 */
const beforeSending = new Set(['connect', 'getaddrinfo'])

/** Deno's fetch (hyper) marks every failure of DNS, TCP connect and TLS handshake this way, and no other. */
const denoConnect = /: client error \(Connect\): /

const chain = (error: unknown): Error[] => {
  const errors: Error[] = []
  let at = error
  while (at instanceof Error && errors.length < 5) {
    errors.push(at)
    at = at.cause
  }
  return errors
}

/** Several addresses were tried at once: each of them has to have failed that early. */
const isBeforeSending = (error: Error): boolean =>
  (error instanceof AggregateError &&
    error.errors.length > 0 &&
    error.errors.every((one) => one instanceof Error && isBeforeSending(one))) ||
  ('code' in error && typeof error.code === 'string' && beforeConnected.has(error.code)) ||
  ('syscall' in error && typeof error.syscall === 'string' && beforeSending.has(error.syscall)) ||
  denoConnect.test(error.message)

/**
 * What a rejected fetch says about the request. `not_sent` only where the runtime is certain that no
 * byte of it left; anything else may have reached X.
 */
export const readBroken = (error: unknown): Broken => {
  const errors = chain(error)
  const detail = errors.map(({ message }) => message).join(': ') || String(error)
  if (errors.some(({ name }) => name === 'TimeoutError' || name === 'AbortError')) {
    return { broken: 'timeout', detail }
  }
  return { broken: errors.some(isBeforeSending) ? 'not_sent' : 'lost', detail }
}
