import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { fault } from './fault.ts'

/** What a hosted project's dashboard would show; the file is readable by its owner alone. */
export type Keys = {
  /** Private ES256 key that signs user tokens and the gateway's role tokens. */
  signing: JWK & { kid: string }
  publishable: string
  secret: string
  cron: string
  /** Key id → base64 of 32 bytes; the first one encrypts. */
  encryption: Record<string, string>
  /** What object storage lets in. */
  storage: { accessKeyId: string; secretAccessKey: string }
}

/** Reads `<data>/keys.json`, or makes it on the first start. */
export const loadKeys = async (data: string): Promise<Keys> => {
  const file = join(data, 'keys.json')
  if (!existsSync(file)) return save(file, await generateKeys())
  try {
    const kept = JSON.parse(await readFile(file, 'utf8')) as Keys
    return kept.storage ? kept : await save(file, { ...kept, storage: storageKeys() })
  } catch (cause) {
    throw fault(
      `${file} cannot be read: ${cause instanceof Error ? cause.message : cause}`,
      'Restore it (tokens in the database are encrypted with it), or begin anew: npm start -- --fresh',
      cause,
    )
  }
}

/** The public half of the signing key, as Auth publishes it. */
export const publicJwk = ({ signing: { d: _private, ...rest } }: Keys): JWK & { kid: string } =>
  rest

const generateKeys = async (): Promise<Keys> => {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  const kid = await calculateJwkThumbprint(jwk)
  return {
    signing: { ...jwk, kid, alg: 'ES256', use: 'sig' },
    publishable: apiKey('sb_publishable'),
    secret: apiKey('sb_secret'),
    cron: apiKey('sb_secret'),
    encryption: { k1: randomBytes(32).toString('base64') },
    storage: storageKeys(),
  }
}

const storageKeys = () => ({
  accessKeyId: randomBytes(16).toString('hex'),
  secretAccessKey: randomBytes(32).toString('hex'),
})

const apiKey = (prefix: string) =>
  `${prefix}_${randomBytes(24).toString('base64url').replaceAll(/[-_]/g, 'x').slice(0, 31)}`

const save = async (file: string, keys: Keys) => {
  await writeFile(`${file}.new`, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return keys
}
