import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { JSONWebKeySet } from 'jose'
import type pg from 'pg'
import { createAuth } from './auth/server.ts'
import type { Closing } from './closing.ts'
import type { Database } from './database.ts'
import { createFunctions } from './functions.ts'
import { startGateway } from './gateway.ts'
import { type Keys, publicJwk } from './keys.ts'
import type { Limits } from './limits.ts'
import { startPostgrest } from './postgrest.ts'
import { createRealtime } from './realtime/server.ts'
import { createRoleTokens } from './role-tokens.ts'
import { sendJson } from './send-json.ts'
import { createStorage } from './storage/server.ts'
import { STORAGE } from './storage/settings.ts'

type Options = {
  apiUrl: string
  port: number
  project: string
  data: string
  keys: Keys
  jwks: JSONWebKeySet
  database: Database
  restDatabasePort: number
  sql: pg.Pool
  env: Record<string, string>
  limits: Limits
  serveFunctions: boolean
  log: (line: string) => void
  closing: Closing
}

/** Starts what answers HTTP: PostgREST, Auth, Realtime, the functions, and the gateway in front of them. */
export const startServices = async (o: Options) => {
  const { keys, jwks, sql, database, closing, log } = o
  const issuer = `${o.apiUrl}/auth/v1`
  const rest = await startPostgrest({
    databasePort: o.restDatabasePort,
    jwks,
    publicUrl: `${o.apiUrl}/rest/v1`,
    logFile: join(o.data, 'postgrest.log'),
    log,
  })
  closing.add(rest.stop)
  database.onUp(rest.reconnect)

  const signing = { privateJwk: keys.signing, publicJwk: publicJwk(keys), kid: keys.signing.kid }
  const auth = createAuth({ sql, keys: signing, issuer, secretKey: keys.secret, log })
  const { adminUrl } = database
  const realtime = createRealtime({ sql, adminUrl, jwks, apiKeys: keys, issuer, log })
  closing.add(realtime.close)
  await realtime.ready

  const storage = createStorage({
    directory: join(o.data, 'storage'),
    credentials: { ...keys.storage, region: STORAGE.region },
    log,
  })
  await storage.createBucket(STORAGE.bucket)

  const functions = createFunctions({ project: o.project, env: o.env, limits: o.limits, log })
  closing.add(functions.close)

  const gateway = await startGateway(o.port, {
    keys,
    roleToken: createRoleTokens(keys.signing),
    auth,
    rest,
    functions: o.serveFunctions ? functions.handle : notServed,
    realtime,
    storage: storage.handle,
  })
  closing.add(gateway.close)
  return { functions }
}

const notServed = (_req: IncomingMessage, res: ServerResponse) =>
  sendJson(res, 503, { message: 'This stack was started without functions.' })
