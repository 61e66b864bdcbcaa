import type { Client } from 'pg'

const PER_WORKSPACE = 10

/** Connected accounts, ten to a workspace, each workspace on its own X app. Tokens are meaningless. */
export const seedAccounts = async (sql: Client, count: number): Promise<void> => {
  await sql.query(
    `insert into auth.users (id, aud, role, email, created_at, updated_at)
     select gen_random_uuid(), 'authenticated', 'authenticated', 'bench-' || n || '@example.com', now(), now()
     from generate_series(1, $1::int) as n`,
    [Math.ceil(count / PER_WORKSPACE)],
  )
  await sql.query(
    `insert into private.x_apps (workspace_id, name, client_id, posts_per_day, posts_per_15_min, posts_per_3_h)
     select id, 'bench', 'bench-' || id, null, null, null from public.workspaces`,
  )
  await sql.query(
    `insert into public.accounts (workspace_id, user_id, x_app_id, remote_user_id, twitter_username)
     select workspaces.id, workspaces.owner_id, apps.id, 'remote-' || n, 'bench_' || n
     from generate_series(1, $1::int) as n
     join (
       select id, owner_id, row_number() over (order by id) - 1 as place, count(*) over () as total
       from public.workspaces
     ) as workspaces on workspaces.place = n % workspaces.total
     join private.x_apps as apps on apps.workspace_id = workspaces.id`,
    [count],
  )
  await sql.query(
    `insert into private.account_tokens (account_id, encrypted_tokens, expires_at, scopes)
     select id, 'v1.bench.' || repeat('x', 300), now() + interval '1 day', '{tweet.write}'
     from public.accounts`,
  )
}
