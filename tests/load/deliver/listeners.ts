import { randomBytes, randomUUID } from 'node:crypto'
import type pg from 'pg'
import { loadKeys } from '../../../scripts/stack/keys.ts'
import { parseKeyRing } from '../../../shared/crypto/key-ring.ts'
import { sealSecret } from '../../../shared/webhooks/secret.ts'
import type { Receiver } from './receiver.ts'

/** A webhook endpoint of a workspace, and its path at the receiver. */
export type Listener = { endpointId: string; workspaceId: string; path: string; secret: string }

type Wanted = {
  workspaces: number
  /** Endpoints of each. */
  endpoints?: number
  /** Deliveries under way to each at a time; what an endpoint may be given at most unless told. */
  inFlight?: number
}

const MOST_IN_FLIGHT = 100

/** Signs people up and gives each of their workspaces endpoints that hear everything. */
export const seedListeners = async (
  sql: pg.ClientBase,
  { data, receiver }: { data: string; receiver: Receiver },
  { workspaces, endpoints = 1, inFlight = MOST_IN_FLIGHT }: Wanted,
): Promise<Listener[]> => {
  const keys = parseKeyRing((await loadKeys(data)).encryption)
  const listeners: Listener[] = []
  for (const workspaceId of await signUp(sql, workspaces)) {
    for (let number = 0; number < endpoints; number += 1) {
      const endpointId = randomUUID()
      const secret = `whsec_${randomBytes(32).toString('base64')}`
      listeners.push({ endpointId, workspaceId, path: `/${endpointId}`, secret })
    }
  }
  const rows = await Promise.all(
    listeners.map(async ({ endpointId, workspaceId, path, secret }) => ({
      ...{ id: endpointId, workspace_id: workspaceId, url: receiver.url(path) },
      max_in_flight: inFlight,
      encrypted_secret: sealSecret(keys, secret, { endpointId, workspaceId }),
    })),
  )
  await insert(sql, rows)
  return listeners
}

const signUp = async (sql: pg.ClientBase, count: number): Promise<string[]> => {
  const { rows } = await sql.query<{ id: string }>(
    `insert into auth.users (id, aud, role, email, created_at, updated_at)
     select gen_random_uuid(), 'authenticated', 'authenticated',
       gen_random_uuid() || '@example.com', now(), now()
     from generate_series(1, $1)
     returning id`,
    [count],
  )
  const workspaces = await sql.query<{ id: string }>(
    'select id from public.workspaces where owner_id = any ($1)',
    [rows.map(({ id }) => id)],
  )
  return workspaces.rows.map(({ id }) => id)
}

const insert = (sql: pg.ClientBase, rows: object[]) =>
  sql.query(
    `with wanted as (
       select * from jsonb_to_recordset($1) as endpoint (
         id uuid, workspace_id uuid, url text, max_in_flight smallint, encrypted_secret text
       )
     ), endpoints as (
       insert into public.webhook_endpoints (id, workspace_id, url, max_in_flight)
       select id, workspace_id, url, max_in_flight from wanted
       returning id
     )
     insert into private.webhook_secrets (endpoint_id, encrypted_secret)
     select endpoints.id, wanted.encrypted_secret from endpoints join wanted using (id)`,
    [JSON.stringify(rows)],
  )
