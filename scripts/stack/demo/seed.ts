import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import type { StackState } from '../state.ts'
import { type Api, apiOf } from './api.ts'
import type { Receiver } from './receiver.ts'

export const DEMO_LOGIN = { email: 'demo@example.com', password: 'demo-password' }

export type Demo = {
  client: SupabaseClient
  api: Api
  workspaceId: string
  accountId: string
  /** Secret of the webhook endpoint, `whsec_…`. */
  secret: string
}

const SILENT = { auth: { persistSession: false } }

/** Somebody new: signed up, with a sandbox account connected and a webhook endpoint. */
export const seedDemo = async (state: StackState, receiver: Receiver): Promise<Demo> => {
  const client = createClient(state.api_url, state.publishable_key, SILENT)
  const { error } = await client.auth.signUp(DEMO_LOGIN)
  if (error) throw error
  const api = apiOf(client, state.functions_url)
  const accountId = await connectAccount(api)
  const account = await api<{ workspace_id: string }>('GET', `/accounts/${accountId}`)
  const endpoint = await api<{ secret: string }>('POST', '/webhook-endpoints', {
    url: receiver.url,
    description: 'Demo consumer inside npm start',
  })
  return { client, api, accountId, workspaceId: account.workspace_id, secret: endpoint.secret }
}

/** What a browser does: to X's consent page, one click there, and back to our callback. */
const connectAccount = async (api: Api): Promise<string> => {
  const { authorize_url } = await api<{ authorize_url: string }>('POST', '/accounts/connect', {})
  const consent = await fetch(`${authorize_url}&sandbox_user=demo`, { redirect: 'manual' })
  const callback = consent.headers.get('location')
  if (!callback) throw new Error(`X did not send the browser back (${consent.status})`)
  const answer = await fetch(callback)
  const { account_id, error } = (await answer.json()) as { account_id?: string; error?: string }
  if (!account_id) throw new Error(`connecting the account failed: ${error}`)
  return account_id
}

/** The demo's person, signed in again on data of an earlier start. */
export const signInDemo = async (state: StackState) => {
  const client = createClient(state.api_url, state.publishable_key, SILENT)
  const { error } = await client.auth.signInWithPassword(DEMO_LOGIN)
  if (error) throw error
  return { client, api: apiOf(client, state.functions_url) }
}
