import type { Client } from 'pg'
import { sealTokens } from '../../../shared/accounts/token-envelope.ts'
import { parseEnv } from '../../../shared/env.ts'
import { signUp } from '../../helpers/callers.ts'
import { uploadMedia } from './media.ts'

/** The deployment every seed plays on: its environment, its people and their accounts. */
export const ENV = parseEnv({
  SUPABASE_URL: 'https://project.example.com',
  SUPABASE_PUBLISHABLE_KEYS: '{"default":"sb_publishable_sim"}',
  SUPABASE_SECRET_KEYS: '{"default":"sb_secret_default","cron":"sb_secret_cron"}',
  SUPABASE_JWKS: '{"keys":[]}',
  ENCRYPTION_KEYS: JSON.stringify({ k1: btoa('k'.repeat(32)) }),
  X_CLIENT_ID: 'sandbox-client',
  X_CLIENT_SECRET: 'sandbox-secret',
  S3_REGION: 'local',
  S3_BUCKET: 'media',
  S3_ACCESS_KEY_ID: 'id',
  S3_SECRET_ACCESS_KEY: 'secret',
})

export type SimAccount = { id: string; name: string; person: number; remoteUserId: string }

const OWNERS = [0, 0, 0, 1, 1, 2]

export const ACCOUNTS: SimAccount[] = OWNERS.map((person, index) => ({
  id: `00000000-0000-4000-a000-00000000000${index}`,
  name: `@${'abcdef'[index]}`,
  person,
  remoteUserId: `200000000000000000${index}`,
}))

export const accessTokenOf = (account: SimAccount) => `access of ${account.name}`
export const refreshTokenOf = (account: SimAccount) => `refresh of ${account.name}`
export const SCOPE = 'tweet.read tweet.write users.read media.write offline.access'

export type SimPerson = { id: string; workspaceId: string }

const connect = async (client: Client, account: SimAccount, person: SimPerson) => {
  const place = { account_id: account.id, workspace_id: person.workspaceId }
  const tokens = {
    access_token: accessTokenOf(account),
    refresh_token: refreshTokenOf(account),
    scope: SCOPE,
  }
  await client.query('select service.connect_account($1)', [
    {
      id: account.id,
      workspace_id: person.workspaceId,
      user_id: person.id,
      x_app_id: '00000000-0000-0000-0000-000000000001',
      remote_user_id: account.remoteUserId,
      twitter_username: account.name.slice(1),
      display_name: account.name,
      encrypted_tokens: sealTokens(ENV.ENCRYPTION_KEYS, tokens, place),
      expires_at: new Date(Date.now() + 86_400_000),
      scopes: SCOPE.split(' '),
    },
  ])
}

/** Committed once; what a seed changes of it is rolled back with the seed. */
export const makeFixture = async (client: Client): Promise<SimPerson[]> => {
  const people: SimPerson[] = []
  for (const name of ['ada', 'ben', 'cleo']) {
    const { id, workspaceId } = await signUp(client, `${name}@example.com`)
    people.push({ id, workspaceId })
  }
  for (const account of ACCOUNTS) {
    await connect(client, account, people[account.person] as SimPerson)
  }
  await uploadMedia(client, ACCOUNTS)
  await client.query(`select vault.create_secret('${ENV.SUPABASE_URL}', 'project_url')`)
  await client.query(`select vault.create_secret('sb_secret_cron', 'cron_key')`)
  await client.query('select private.stamp_events()')
  await client.query('delete from public.event_positions')
  await client.query('delete from public.events')
  await client.query('delete from net.http_request_queue')
  return people
}
