/** A call that got no whole answer; only `not_sent` is certain that no byte of it left. */
export type Broken = { broken: 'not_sent' | 'lost' | 'timeout'; detail: string }

/** Error codes of Node's fetch that arise before a connection can carry a request. */
const beforeConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** Deno's fetch (hyper) marks every failure of DNS, TCP connect and TLS handshake this way. */
const denoConnect = /client error \(Connect\)/

const chain = (error: unknown): Error[] => {
  const errors: Error[] = []
  let at = error
  while (at instanceof Error && errors.length < 5) {
    errors.push(at)
    at = at.cause
  }
  return errors
}

const codeOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' ? error.code : ''

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
  const certain = errors.some(
    (one) => beforeConnected.has(codeOf(one)) || denoConnect.test(one.message),
  )
  return { broken: certain ? 'not_sent' : 'lost', detail }
}
