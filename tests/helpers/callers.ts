import { randomUUID } from 'node:crypto'
import type { Tx } from './database.ts'

type Claims = Record<string, unknown>

/** The rest of the transaction acts as this signed-in user, as PostgREST does for a user's token. */
export const asUser = (tx: Tx, userId: string, claims: Claims = {}) =>
  become(tx, 'authenticated', { sub: userId, role: 'authenticated', ...claims })

/** The rest of the transaction acts as a caller with the publishable key alone. */
export const asAnon = (tx: Tx) => become(tx, 'anon', { role: 'anon' })

/** The rest of the transaction acts as a holder of the secret key. */
export const asService = (tx: Tx) => become(tx, 'service_role', { role: 'service_role' })

/** Back to `postgres`, who owns everything and whom policies do not bind. */
export const asOwner = (tx: Tx) => become(tx, 'postgres', null)

async function become(tx: Tx, role: string, claims: Claims | null) {
  await tx.query(
    `select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)`,
    [role, claims ? JSON.stringify(claims) : ''],
  )
}

export type Person = { id: string; email: string; workspaceId: string }

/** Signs a person up the way Auth does: a row in auth.users; our trigger does the rest. */
export async function signUp(tx: Tx, email = `${randomUUID()}@example.com`): Promise<Person> {
  const { rows } = await tx.query<{ id: string }>(
    `insert into auth.users (instance_id, id, aud, role, email, email_confirmed_at, created_at, updated_at)
     values ($1, gen_random_uuid(), 'authenticated', 'authenticated', $2, now(), now(), now())
     returning id`,
    ['00000000-0000-0000-0000-000000000000', email],
  )
  const id = rows[0]?.id ?? ''
  const workspace = await tx.query<{ id: string }>(
    'select id from public.workspaces where owner_id = $1 and is_personal',
    [id],
  )
  return { id, email, workspaceId: workspace.rows[0]?.id ?? '' }
}
