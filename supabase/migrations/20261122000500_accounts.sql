-- Accounts: connected X accounts, the X apps they are connected through, and their tokens.
--
-- Lanes, rate windows and refresh-token families hang on the pair (X app, remote user), so at most
-- one live connection per pair exists, whatever the workspace.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.x_apps (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid references public.workspaces (id) on delete cascade,
  name text not null,
  client_id text,
  encrypted_client_secret text,
  -- What X lets it send: per day of the app, and per account. Null: no limit of that kind.
  posts_per_day int default 10000,
  posts_per_15_min int default 100,
  posts_per_3_h int default 300,
  deletes_per_15_min int not null default 50,
  -- Until then nothing is sent through this app: its credits or its access are exhausted. Infinite
  -- until a probe succeeds when X names no time.
  breaker_open_until timestamptz not null default '-infinity',
  breaker_reason text,
  breaker_remedy text,
  -- The end of the last block that our own count of its day made, not X: while breaker_open_until is
  -- the same, that count is what blocks it.
  capped_until timestamptz not null default '-infinity',
  -- When the next account may try whether X takes posts again; null while nothing is to be tried.
  probe_at timestamptz,
  -- Since when probe_account_id may try.
  probe_since timestamptz,
  -- Who is trying. The breaker lets this account pass.
  probe_account_id uuid,
  -- When the tick looks at the app next; null while all is well.
  watch_at timestamptz,
  version int not null default 1,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  constraint x_apps_deployment_app_reads_environment
    check ((workspace_id is null) = (client_id is null)),
  constraint x_apps_secret_is_encrypted check (encrypted_client_secret like 'v1.%'),
  constraint x_apps_name_length check (char_length(name) between 1 and 100),
  constraint x_apps_limits_positive
    check (least(posts_per_day, posts_per_15_min, posts_per_3_h, deletes_per_15_min) > 0)
);

comment on table private.x_apps is
  'X developer apps. Row one is the deployment''s own, with its credentials in the environment; others are customers''.';

-- Serves: the foreign key to workspaces, and GET /x-apps.
create index x_apps_workspace_id_idx on private.x_apps (workspace_id);
-- Serves: "an app is registered once": rate windows and token families hang on it.
create unique index x_apps_client_id_key on private.x_apps (client_id) where deleted_at is null;
-- Serves: the tick, while apps are blocked.
create index x_apps_watch_at_idx on private.x_apps (watch_at) where watch_at is not null;
-- Serves: "is the post that got through a probe?"
create index x_apps_probe_account_id_idx
  on private.x_apps (probe_account_id) where probe_account_id is not null;

insert into private.x_apps (id, name)
values ('00000000-0000-0000-0000-000000000001', 'deployment');

create table public.accounts (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  -- Who connected it; a colleague may leave and the account stays.
  user_id uuid references public.users (id) on delete set null,
  network text not null default 'x',
  x_app_id uuid not null references private.x_apps (id),
  remote_user_id text not null,
  twitter_username text not null,
  display_name text,
  status text not null default 'active',
  status_detail text,
  text_limit int not null default 280,
  -- When X last told its name, handle and text limit, and when it was last asked to.
  profile_read_at timestamptz not null default now(),
  profile_asked_at timestamptz not null default now(),
  can_self_reply boolean not null default true,
  time_zone text not null default 'UTC',
  connected_at timestamptz not null default now(),
  disconnected_at timestamptz,
  -- A pause is somebody's decision: losing the connection and making it anew do not end it.
  paused_at timestamptz,
  created_at timestamptz not null default now(),
  version int not null default 1,
  constraint accounts_network_known check (network in ('x')),
  constraint accounts_status_known
    check (status in ('active', 'paused', 'needs_reauth', 'disconnected')),
  constraint accounts_disconnected_iff_time
    check ((disconnected_at is not null) = (status = 'disconnected')),
  constraint accounts_connected_paused_iff_time
    check (status not in ('active', 'paused') or (status = 'paused') = (paused_at is not null)),
  constraint accounts_text_limit_known check (text_limit between 1 and 25000)
);

comment on table public.accounts is 'A connected X account.';
comment on column public.accounts.text_limit is 'Longest text X takes from it, in weighted characters.';

-- Serves: "one live connection per X app and remote user", and the callback's look-up.
create unique index accounts_live_connection_key
  on public.accounts (x_app_id, remote_user_id) where status <> 'disconnected';
-- Serves: GET /accounts and the foreign key.
create index accounts_workspace_id_idx on public.accounts (workspace_id, created_at);
-- Serves: the foreign key to users.
create index accounts_user_id_idx on public.accounts (user_id);
-- Serves: the foreign key to X apps.
create index accounts_x_app_id_idx on public.accounts (x_app_id);
-- Serves: whose a post is that somebody saw on the network.
create index accounts_network_remote_user_id_idx on public.accounts (network, remote_user_id);

create table private.account_tokens (
  account_id uuid primary key references public.accounts (id) on delete cascade,
  encrypted_tokens text not null,
  expires_at timestamptz not null,
  scopes text[] not null,
  version bigint not null default 1,
  -- Who refreshes: refresh tokens are single use, two refreshes at once lose the family.
  refresh_lease uuid,
  refresh_lease_expires_at timestamptz,
  -- When the pair came from a refresh, and when X first refused to refresh it.
  refreshed_at timestamptz,
  refused_at timestamptz,
  -- Since when the pair could not be renewed, and what was answered last: {slug, detail, who, remedy}.
  failing_since timestamptz,
  refresh_error jsonb,
  updated_at timestamptz not null default now(),
  constraint account_tokens_failure_has_error
    check ((failing_since is null) = (refresh_error is null)),
  constraint account_tokens_are_encrypted check (encrypted_tokens like 'v1.%'),
  constraint account_tokens_lease_with_expiry
    check ((refresh_lease is null) = (refresh_lease_expires_at is null))
);

comment on table private.account_tokens is
  'OAuth tokens, AES-256-GCM. No role of the API can read them; functions get them through service.';

-- Serves: whether any account of an app fails still.
create index account_tokens_failing_idx
  on private.account_tokens (account_id) where failing_since is not null;

create table private.oauth_states (
  state_hash text primary key,
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null references public.users (id) on delete cascade,
  x_app_id uuid not null references private.x_apps (id) on delete cascade,
  encrypted_verifier text not null,
  return_to text,
  expires_at timestamptz not null,
  used_at timestamptz,
  constraint oauth_states_hash_is_sha256 check (state_hash ~ '^[0-9a-f]{64}$'),
  constraint oauth_states_verifier_is_encrypted check (encrypted_verifier like 'v1.%')
);

comment on table private.oauth_states is
  'One row per started connection: binds the redirect to who started it. Single use, 10 minutes.';

-- Serves: the foreign keys, and the removal of old rows.
create index oauth_states_workspace_id_idx on private.oauth_states (workspace_id);
create index oauth_states_user_id_idx on private.oauth_states (user_id);
create index oauth_states_x_app_id_idx on private.oauth_states (x_app_id);
create index oauth_states_expires_at_idx on private.oauth_states (expires_at);

alter table private.x_apps enable row level security;
alter table public.accounts enable row level security;
alter table private.account_tokens enable row level security;
alter table private.oauth_states enable row level security;

grant select on public.accounts to authenticated, service_role;

create policy "members can read their workspace's accounts"
  on public.accounts for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

-- Finds the account's workspace or refuses as if it were absent; then asserts the role.
-- Definer: called by definers; it must see rows of other workspaces to hide them alike.
create function private.require_account(p_account_id uuid, p_role text)
returns public.accounts
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_account public.accounts;
begin
  select * into v_account from public.accounts where id = p_account_id;
  perform private.require_role(v_account.workspace_id, p_role);
  return v_account;
end
$$;

comment on function private.require_account(uuid, text) is
  'The account, when the caller holds p_role in its workspace; 404 or 403 otherwise.';

-- Two changes made from one version wait for each other here, and the second sees the first.
-- Definer: callers hold no lock rights on accounts.
create function private.lock_account(p_account_id uuid, p_role text, p_version int)
returns public.accounts
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_account public.accounts := private.require_account(p_account_id, p_role);
begin
  select * into v_account from public.accounts where id = p_account_id for no key update;
  perform private.require_version(v_account.version, p_version, 'account');
  return v_account;
end
$$;

comment on function private.lock_account(uuid, text, int) is
  'The account, locked, when the caller holds p_role in its workspace; 404, 403 or 412 otherwise.';

-- What our functions need to speak to X as an app. The secret leaves the database sealed.
create function private.app_credentials(p_x_app_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'id', apps.id, 'workspace_id', apps.workspace_id, 'client_id', apps.client_id,
    'encrypted_client_secret', apps.encrypted_client_secret
  )
  from private.x_apps as apps
  where apps.id = p_x_app_id and apps.client_id is not null;
$$;

comment on function private.app_credentials(uuid) is
  'A customer''s X app: {id, workspace_id, client_id, encrypted_client_secret}. Null for the deployment''s own, whose credentials are in the environment.';
