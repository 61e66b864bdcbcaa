import { join } from 'node:path'
import type { JSONWebKeySet } from 'jose'
import { EnvSchema } from '../../shared/env.ts'
import type { Keys } from './keys.ts'
import { SANDBOX_BEARER_TOKEN, SANDBOX_CONSUMER_SECRET } from './sandbox-x/app-secrets.ts'
import { STORAGE } from './storage/settings.ts'

const FRONTENDS = [3000, 5173].flatMap((port) => [
  `http://localhost:${port}`,
  `http://127.0.0.1:${port}`,
])

/** The environment of functions: what the platform provides, then our own settings, which `own` may override. */
export const functionsEnv = (o: {
  project: string
  apiUrl: string
  xUrl: string
  keys: Keys
  jwks: JSONWebKeySet
  own: Record<string, string>
}): Record<string, string> => ({
  DENO_DIR: join(o.project, 'node_modules', '.cache', 'deno'),
  DENO_NO_UPDATE_CHECK: '1',
  NO_COLOR: '1',
  TZ: 'UTC',
  SUPABASE_URL: o.apiUrl,
  SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: o.keys.publishable }),
  SUPABASE_SECRET_KEYS: JSON.stringify({ default: o.keys.secret, cron: o.keys.cron }),
  SUPABASE_JWKS: JSON.stringify(o.jwks),
  ENCRYPTION_KEYS: JSON.stringify(o.keys.encryption),
  ALLOWED_ORIGINS: FRONTENDS.join(','),
  ...sandboxApp(o.xUrl, o.own),
  ...ownStorage(o.apiUrl, o.keys),
  ...o.own,
})

// Pointed at another X, the sandbox's app would only be refused there: the operator names their own.
const sandboxApp = (xUrl: string, own: Record<string, string>) => ({
  X_API_URL: xUrl,
  X_AUTHORIZE_URL: `${xUrl}/i/oauth2/authorize`,
  X_TOKEN_URL: `${xUrl}/2/oauth2/token`,
  ...(own.X_CLIENT_ID
    ? {}
    : {
        X_CLIENT_ID: 'sandbox-client',
        X_CLIENT_SECRET: 'sandbox-secret',
        X_CONSUMER_SECRET: SANDBOX_CONSUMER_SECRET,
        X_BEARER_TOKEN: SANDBOX_BEARER_TOKEN,
      }),
})

const ownStorage = (apiUrl: string, { storage }: Keys) => ({
  S3_ENDPOINT: `${apiUrl}/storage/v1/s3`,
  S3_REGION: STORAGE.region,
  S3_BUCKET: STORAGE.bucket,
  S3_ACCESS_KEY_ID: storage.accessKeyId,
  S3_SECRET_ACCESS_KEY: storage.secretAccessKey,
})

/** What the platform sets and no shell may: see `functionsEnv`. */
const isPlatforms = (name: string) => /^(SUPABASE|SB)_/.test(name)

/** Our own settings among the variables of a shell or `.env`. */
export const ownSettings = (source: Record<string, string | undefined>) =>
  Object.fromEntries(
    Object.keys(EnvSchema.shape).flatMap((name) => {
      const value = source[name]
      return value && !isPlatforms(name) ? [[name, value]] : []
    }),
  )
