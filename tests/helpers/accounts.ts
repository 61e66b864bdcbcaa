import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { importJWK, type JWK, type JWTPayload, SignJWT } from 'jose'
import { Client } from 'pg'
import { inject } from 'vitest'

export const PASSWORD = 'correct horse battery'

/** An unmodified supabase-js client of the stack, alone with its own session. */
export function newClient(key = inject('stack').publishable_key): SupabaseClient {
  return createClient(inject('stack').api_url, key, {
    auth: { persistSession: false, autoRefreshToken: false },
  })
}

export type SignedIn = {
  client: SupabaseClient
  id: string
  email: string
  accessToken: string
  refreshToken: string
}

/** A fresh person, signed up and in. */
export async function newAccount(email = `${randomUUID()}@example.com`): Promise<SignedIn> {
  const client = newClient()
  const { data, error } = await client.auth.signUp({ email, password: PASSWORD })
  if (error || !data.session) throw error ?? new Error('sign-up opened no session')
  const { access_token: accessToken, refresh_token: refreshToken, user } = data.session
  return { client, id: user.id, email, accessToken, refreshToken }
}

/** Runs SQL as the superuser: what a test must arrange behind the API's back. */
export async function asSuperuser<Row extends object>(sql: string, values: unknown[] = []) {
  const client = new Client({ connectionString: inject('stack').admin_db_url })
  await client.connect()
  try {
    return (await client.query<Row>(sql, values)).rows
  } finally {
    await client.end()
  }
}

/** Signs claims with the stack's own key: a token that Auth would not issue, yet genuine. */
export async function signToken(claims: JWTPayload, expiresInSeconds: number): Promise<string> {
  const file = await readFile(join(inject('stack').data, 'keys.json'), 'utf8')
  const { signing } = JSON.parse(file) as { signing: JWK & { kid: string } }
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: signing.kid })
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresInSeconds)
    .sign(await importJWK(signing, 'ES256'))
}
