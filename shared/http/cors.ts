import type { MiddlewareHandler } from 'hono'
import { cors as honoCors } from 'hono/cors'
import type { Env } from '../env.ts'

/** Lets the origins of ALLOWED_ORIGINS call the API from a browser. Preflights need no credential. */
export const cors = ({
  ALLOWED_ORIGINS: allowed,
}: Pick<Env, 'ALLOWED_ORIGINS'>): MiddlewareHandler =>
  honoCors({
    origin: (origin) => (allowed.includes(origin) ? origin : null),
    allowMethods: ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'],
    allowHeaders: [
      'authorization',
      'apikey',
      'content-type',
      'idempotency-key',
      'if-match',
      'workspace-id',
      // supabase-js adds these to every call of a function.
      'x-client-info',
      'x-region',
    ],
    exposeHeaders: [
      'etag',
      'link',
      'location',
      'ratelimit',
      'ratelimit-policy',
      'retry-after',
      'idempotent-replayed',
      'x-request-id',
    ],
    maxAge: 600,
  })
