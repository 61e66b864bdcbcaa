import type { Context, MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import { routePath } from 'hono/route'
import { z } from 'zod'
import { sha256 } from '../crypto/sha256.ts'
import type { Deps } from '../deps.ts'
import type { CallerEnv } from './auth.ts'
import { documented } from './document.ts'
import { Problem } from './problem.ts'
import { problems } from './problems.ts'
import { openResponse, type ResponsePlace, sealResponse } from './sealed-response.ts'

type Claim =
  | { state: 'claimed' | 'in_flight' | 'unknown' | 'reused' }
  | { state: 'answered'; encrypted_response: string }

const IdempotencyHeaders = z.object({
  'idempotency-key': z.string().min(1).max(255).optional().meta({
    description: 'Makes the request safe to repeat for 24 hours: the first answer is given again.',
  }),
})

/**
 * Runs a POST at most once per caller, route and Idempotency-Key. Stands after the validators, so a
 * request that could never run claims nothing.
 */
export const idempotent = (deps: Pick<Deps, 'env' | 'log'>): MiddlewareHandler<CallerEnv> =>
  documented(
    createMiddleware<CallerEnv>(async (c, next) => {
      const key = readKey(c)
      if (key === null) return next()
      const route = `${c.req.method} ${routePath(c)}`
      const place = { userId: c.var.caller.userId, route, key }
      const replay = await takeClaim(deps, c, place)
      if (replay) return replay
      await next()
      await settle(deps, c, place).catch((error: unknown) => {
        // The caller still gets the answer; only repeating it will say "outcome unknown".
        deps.log({ level: 'error', message: 'idempotency key not settled', error: String(error) })
      })
    }),
    {
      header: IdempotencyHeaders,
      errors: [
        'idempotency-key-invalid',
        'idempotency-in-flight',
        'idempotency-outcome-unknown',
        'idempotency-key-reused',
      ],
    },
  )

/** The header is a structured-field string; bare keys are common and taken as well. */
const readKey = (c: Context): string | null => {
  const header = c.req.header('idempotency-key')
  if (header === undefined) return null
  const key = header.replace(/^"(.*)"$/, '$1')
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) throw problems.idempotencyKeyInvalid()
  return key
}

const fingerprint = async (c: Context) => {
  const { pathname, search } = new URL(c.req.url)
  const workspace = c.req.header('workspace-id') ?? ''
  return sha256([c.req.method, pathname + search, workspace, await c.req.text()].join('\n'))
}

type Keys = { env: Pick<Deps['env'], 'ENCRYPTION_KEYS'> }

const named = ({ route, key }: ResponsePlace) => ({ p_route: route, p_key: key })

const takeClaim = async (deps: Keys, c: Context<CallerEnv>, place: ResponsePlace) => {
  const claim = await c.var.caller.rpc<Claim>('claim_idempotency_key', {
    ...named(place),
    p_fingerprint: await fingerprint(c),
  })
  switch (claim.state) {
    case 'claimed':
      return null
    case 'answered':
      return openResponse(deps.env.ENCRYPTION_KEYS, claim.encrypted_response, place)
    case 'reused':
      throw problems.idempotencyKeyReused()
    case 'unknown':
      throw problems.idempotencyOutcomeUnknown()
    default:
      throw problems.idempotencyInFlight(1)
  }
}

/** Answers are kept; failures give the key up, unless the change may have happened before them. */
const settle = async (deps: Keys, c: Context<CallerEnv>, place: ResponsePlace) => {
  if (c.error && !isWithoutEffect(c.error)) return
  const isFinal = c.res.status < 500 && c.res.status !== 429
  await c.var.caller.rpc('settle_idempotency_key', {
    ...named(place),
    p_encrypted_response: isFinal
      ? await sealResponse(deps.env.ENCRYPTION_KEYS, c.res, place)
      : null,
  })
}

/** A refusal of the database is rolled back; a fault of ours may come after the commit. */
const isWithoutEffect = (error: Error) =>
  error instanceof Problem && error.slug !== 'change-unconfirmed'
