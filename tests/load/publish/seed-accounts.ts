import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { loadKeys } from '../../../scripts/stack/keys.ts'
import { sealTokens } from '../../../shared/accounts/token-envelope.ts'
import { parseKeyRing } from '../../../shared/crypto/key-ring.ts'
import type { ControlX } from '../support/control-x.ts'

export type LoadAccount = {
  id: string
  workspaceId: string
  userId: string
  username: string
  remoteUserId: string
  accessToken: string
}

const PER_WORKSPACE = 10

/**
 * Signs people up and connects `count` sandbox accounts, ten to a workspace, each workspace on its own
 * X app: the deployment's has 10,000 places a day. Limits per account are the sandbox's, lifted, too.
 */
export const seedAccounts = async (
  sql: pg.ClientBase,
  { data, x }: { data: string; x: ControlX },
  count: number,
): Promise<LoadAccount[]> => {
  const workspaces = await signUp(sql, Math.ceil(count / PER_WORKSPACE))
  const names = Array.from({ length: count }, (_, index) => `bench_${index}`)
  const users = await x.newUsers(names)
  const grants = await x.newTokens(names)
  const keys = parseKeyRing((await loadKeys(data)).encryption)
  const accounts: LoadAccount[] = []
  const rows: object[] = []
  for (const [index, { username, id: remoteUserId }] of users.entries()) {
    const {
      id: workspaceId,
      owner_id: userId,
      x_app_id,
    } = at(workspaces, index % workspaces.length)
    const { access_token, refresh_token, scope } = at(grants, index)
    const id = randomUUID()
    const place = { account_id: id, workspace_id: workspaceId }
    accounts.push({ id, workspaceId, userId, username, remoteUserId, accessToken: access_token })
    rows.push({
      ...{ id, workspace_id: workspaceId, user_id: userId, x_app_id },
      ...{ remote_user_id: remoteUserId, twitter_username: username, scopes: scope.split(' ') },
      encrypted_tokens: sealTokens(keys, { access_token, refresh_token, scope }, place),
      expires_at: new Date(Date.now() + 7_200_000),
    })
  }
  await sql.query(
    'select count(service.connect_account(account)) from jsonb_array_elements($1) as account',
    [JSON.stringify(rows)],
  )
  return accounts
}

const at = <T>(items: T[], index: number): T => {
  const item = items[index]
  if (item === undefined) throw new Error('the sandbox answered fewer items than it was given')
  return item
}

type Workspace = { id: string; owner_id: string; x_app_id: string }

/** New people with their personal workspaces, which a trigger makes as at every sign-up. */
const signUp = async (sql: pg.ClientBase, count: number): Promise<Workspace[]> => {
  const people = await sql.query<{ id: string }>(
    `insert into auth.users (id, aud, role, email, created_at, updated_at)
     select gen_random_uuid(), 'authenticated', 'authenticated',
       'bench-' || number || '@example.com', now(), now()
     from generate_series(1, $1) as number
     returning id`,
    [count],
  )
  const { rows } = await sql.query<Workspace>(
    `with apps as (
       insert into private.x_apps (workspace_id, name, client_id, posts_per_15_min, posts_per_3_h)
       select id, 'bench', 'bench-' || id, null, null
       from public.workspaces where owner_id = any ($1)
       returning id, workspace_id
     )
     select workspaces.id, workspaces.owner_id, apps.id as x_app_id
     from apps join public.workspaces on workspaces.id = apps.workspace_id`,
    [people.rows.map(({ id }) => id)],
  )
  return rows
}
