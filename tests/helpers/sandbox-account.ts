import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { loadKeys } from '../../scripts/stack/keys.ts'
import type { StackState } from '../../scripts/stack/state.ts'
import { sealTokens } from '../../shared/accounts/token-envelope.ts'
import { parseKeyRing } from '../../shared/crypto/key-ring.ts'
import { sandboxX } from './sandbox-x.ts'
import { until } from './until.ts'

export type SandboxAccount = {
  id: string
  username: string
  workspaceId: string
  userId: string
  /** Signed in as the account's owner. */
  client: SupabaseClient
}

const DEPLOYMENT_APP = '00000000-0000-0000-0000-000000000001'
const silent = { auth: { persistSession: false, autoRefreshToken: false } }

/** Signs a new person up and gives them a new sandbox account, without the browser's part of OAuth. */
export async function newSandboxAccount(stack: StackState): Promise<SandboxAccount> {
  const client = createClient(stack.api_url, stack.publishable_key, silent)
  const email = `${randomUUID()}@example.com`
  const { data, error } = await client.auth.signUp({ email, password: 'correct horse battery' })
  if (error || !data.user) throw error ?? new Error('sign-up made no user')
  const workspace = await client.from('workspaces').select('id').single<{ id: string }>()
  const workspaceId = workspace.data?.id ?? ''
  const account = await addSandboxAccount(stack, { userId: data.user.id, workspaceId })
  return { ...account, workspaceId, userId: data.user.id, client }
}

/** One more sandbox account in a workspace that exists. */
export async function addSandboxAccount(
  stack: StackState,
  { userId, workspaceId }: { userId: string; workspaceId: string },
): Promise<{ id: string; username: string }> {
  const id = randomUUID()
  const x = sandboxX(stack.x_url)
  const { id: remoteUserId, username } = await x.newUser(`u${id.replaceAll('-', '').slice(0, 13)}`)
  const { access_token, refresh_token, scope } = await x.newTokens(username)
  const keys = parseKeyRing((await loadKeys(join(stack.data))).encryption)
  const place = { account_id: id, workspace_id: workspaceId }
  const service = createClient(stack.api_url, stack.secret_key, {
    ...silent,
    db: { schema: 'service' },
  })
  const { error } = await service.rpc('connect_account', {
    p_account: {
      id,
      workspace_id: workspaceId,
      user_id: userId,
      x_app_id: DEPLOYMENT_APP,
      remote_user_id: remoteUserId,
      twitter_username: username,
      encrypted_tokens: sealTokens(keys, { access_token, refresh_token, scope }, place),
      expires_at: new Date(Date.now() + 7_200_000),
      scopes: scope.split(' '),
    },
  })
  if (error) throw new Error(error.message)
  return { id, username }
}

/** A post of the account due at `at`; resolves with its id. */
export async function scheduleAt(
  account: Pick<SandboxAccount, 'client' | 'id'>,
  at: Date,
  segments: string[] = [`text ${randomUUID()}`],
): Promise<string> {
  const { data, error } = await account.client.rpc('create_post', {
    p_post: { account_id: account.id, segments, scheduled_at: at },
  })
  if (error) throw new Error(error.message)
  return (data as { id: string }).id
}

/** Resolves once the post was unconfirmed: that may last less than any pause between two reads, if X tells of the post. */
export async function untilUnconfirmedOnce(client: SupabaseClient, id: string): Promise<void> {
  await until(
    'the post was unconfirmed',
    async () => {
      const { data, error } = await client
        .from('events')
        .select('id')
        .eq('type', 'post.unconfirmed')
        .eq('subject_id', id)
      if (error) throw new Error(error.message)
      return data.length > 0
    },
    40_000,
  )
}

export type PostView = { status: string; published_at: string | null; scheduled_at: string }

export async function readPostAs(client: SupabaseClient, id: string): Promise<PostView> {
  const { data, error } = await client
    .from('posts')
    .select('status, published_at, scheduled_at')
    .eq('id', id)
    .single<PostView>()
  if (error) throw new Error(error.message)
  return data
}
