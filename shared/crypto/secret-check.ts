const algorithm = { name: 'HMAC', hash: 'SHA-256' }

/**
 * Answers whether a text is this secret. WebCrypto compares, in constant time, and only macs under a
 * key that nobody else has: how long it takes tells nothing about the secret.
 */
export const createSecretCheck = (secret: string) => {
  const encode = (text: string) => new TextEncoder().encode(text)
  const seal = async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(32))
    const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign', 'verify'])
    return { key, mac: await crypto.subtle.sign('HMAC', key, encode(secret)) }
  }
  let sealed: ReturnType<typeof seal> | undefined
  return async (text: string): Promise<boolean> => {
    sealed ??= seal()
    const { key, mac } = await sealed
    return crypto.subtle.verify('HMAC', key, mac, encode(text))
  }
}
