import { z } from 'zod'
import { parseKeyRing } from './crypto/key-ring.ts'

const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' })
    return z.NEVER
  }
})

const list = z
  .string()
  .default('')
  .transform((text) => text.split(',').map((part) => part.trim()))
  .transform((parts) => parts.filter((part) => part !== ''))

const namedKeys = json.pipe(z.object({ default: z.string().min(1) }).catchall(z.string().min(1)))

const origin = z
  .string()
  .refine((value) => URL.canParse(value) && new URL(value).origin === value, {
    error: 'must be origins such as https://app.example.com',
  })

const blankIsAbsent = (value: unknown) => (value === '' ? undefined : value)
const optional = <T extends z.ZodType>(schema: T) => z.preprocess(blankIsAbsent, schema.optional())
const url = (fallback: string) => z.preprocess(blankIsAbsent, z.url().default(fallback))

const Variables = z.object({
  SUPABASE_URL: z.url().refine((url) => !/-all\.supabase\.\w+$/.test(new URL(url).hostname), {
    error: 'leads to replicas, too: name the project itself',
  }),
  SUPABASE_PUBLISHABLE_KEYS: namedKeys,
  SUPABASE_SECRET_KEYS: namedKeys,
  SUPABASE_JWKS: json.pipe(z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) })),
  ENCRYPTION_KEYS: json.transform((value, context) => {
    try {
      return parseKeyRing(value)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
      return z.NEVER
    }
  }),
  X_CLIENT_ID: z.string().min(1),
  X_CLIENT_SECRET: optional(z.string()),
  X_API_URL: url('https://api.x.com'),
  X_AUTHORIZE_URL: url('https://x.com/i/oauth2/authorize'),
  X_TOKEN_URL: url('https://api.x.com/2/oauth2/token'),
  THREAD_PAUSE_SECONDS: z.preprocess(blankIsAbsent, z.coerce.number().min(0).max(3600).default(5)),
  X_CONSUMER_SECRET: list,
  X_BEARER_TOKEN: optional(z.string()),
  X_ACTIVITY_EVENTS: z.preprocess(
    (value) => blankIsAbsent(value) ?? 'post.create,post.delete,post.mention.create',
    list.pipe(z.array(z.string().regex(/^[a-z_.]+$/, 'must be types such as post.create'))),
  ),
  STRIPE_SECRET_KEY: optional(
    z
      .string()
      .regex(/^[a-z]+_(live|test)_/, 'must begin with sk_live_, rk_live_, sk_test_ or rk_test_'),
  ),
  STRIPE_WEBHOOK_SECRETS: list,
  STRIPE_TIERS: z.preprocess(
    (value) => blankIsAbsent(value) ?? '{}',
    json.pipe(z.record(z.string(), z.enum(['pro', 'enterprise']))),
  ),
  STRIPE_GRACE_DAYS: z.preprocess(blankIsAbsent, z.coerce.number().int().min(0).max(90).default(7)),
  STRIPE_API_URL: url('https://api.stripe.com'),
  ALLOWED_ORIGINS: list.pipe(z.array(origin)),
  DOCS_URL: optional(z.url()),
  WEBHOOK_PRIVATE_HOSTS: list,
  WEBHOOK_PROXY_URL: optional(
    z.url({ protocol: /^https?$/, error: 'must be the http:// or https:// address of a proxy' }),
  ),
  EMAIL_HOOK_URL: optional(z.url()),
  EMAIL_HOOK_SECRET: list.pipe(
    z.array(z.string().regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'must be whsec_ and base64')),
  ),
  S3_ENDPOINT: optional(z.url()),
  S3_PUBLIC_ENDPOINT: optional(z.url()),
  S3_REGION: z.string().min(1),
  S3_BUCKET: z.string().min(3),
  S3_ACCESS_KEY_ID: z.string().min(1),
  S3_SECRET_ACCESS_KEY: z.string().min(1),
  SB_REGION: optional(z.string()),
})

/** An e-mail nobody can tell from a forged one is worse than none. */
const signEmails = (env: z.infer<typeof Variables>, context: z.core.$RefinementCtx) => {
  if (env.EMAIL_HOOK_URL === undefined || env.EMAIL_HOOK_SECRET.length > 0) return
  const message = 'must be set along with EMAIL_HOOK_URL'
  context.addIssue({ code: 'custom', path: ['EMAIL_HOOK_SECRET'], message })
}

/** Every variable our functions read, by its own name. docs/configuration.md says what each means. */
export const EnvSchema = Variables.superRefine(signEmails)

export type Env = z.infer<typeof EnvSchema>

/** Parses the environment, or fails with one error naming every variable that is missing or wrong. */
export const parseEnv = (source: Record<string, string | undefined>): Env => {
  const result = EnvSchema.safeParse(source)
  if (result.success) return result.data
  const faults = result.error.issues.map((issue) => {
    const name = String(issue.path[0])
    return source[name] === undefined ? `${name} is missing` : `${name}: ${issue.message}`
  })
  throw new Error(`The environment is incomplete (docs/configuration.md):\n${faults.join('\n')}`)
}

type Globals = {
  Deno?: { env: { toObject(): Record<string, string> } }
  process?: { env: Record<string, string | undefined> }
}

export const readEnv = (): Env => {
  const { Deno: deno, process } = globalThis as Globals
  return parseEnv(deno?.env.toObject() ?? process?.env ?? {})
}
