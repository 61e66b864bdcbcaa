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
  -- When the next account may try whether X takes posts again; null while nothing is to be tried.
  probe_at timestamptz,
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
  updated_at timestamptz not null default now(),
  constraint account_tokens_are_encrypted check (encrypted_tokens like 'v1.%'),
  constraint account_tokens_lease_with_expiry
    check ((refresh_lease is null) = (refresh_lease_expires_at is null))
);

comment on table private.account_tokens is
  'OAuth tokens, AES-256-GCM. No role of the API can read them; functions get them through service.';

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

-- p_x_app_id null: the deployment's own app.
create function private.start_connection(
  p_workspace_id uuid, p_state_hash text, p_encrypted_verifier text, p_return_to text,
  p_x_app_id uuid default null
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid := coalesce(p_workspace_id, private.personal_workspace_id());
  v_x_app_id uuid := coalesce(p_x_app_id, '00000000-0000-0000-0000-000000000001');
begin
  perform private.require_role(v_workspace_id, 'admin');
  perform private.require_unsuspended(v_workspace_id);
  if p_x_app_id is not null and not exists (
    select from private.x_apps
    where id = p_x_app_id and workspace_id = v_workspace_id and deleted_at is null
  ) then
    perform private.refuse(404, 'not-found', 'No such resource, or it is not yours to see.',
      'Check the id, and the Workspace-Id header when the path names no resource.');
  end if;

  delete from private.oauth_states where expires_at < now() - interval '1 day';
  insert into private.oauth_states (
    state_hash, workspace_id, user_id, x_app_id, encrypted_verifier, return_to, expires_at
  )
  values (
    p_state_hash, v_workspace_id, (select auth.uid()), v_x_app_id,
    p_encrypted_verifier, p_return_to, now() + interval '10 minutes'
  );
  return jsonb_build_object(
    'workspace_id', v_workspace_id, 'expires_in_seconds', 600,
    'client_id', (select client_id from private.x_apps where id = v_x_app_id)
  );
end
$$;

create function public.start_connection(
  p_workspace_id uuid, p_state_hash text, p_encrypted_verifier text, p_return_to text,
  p_x_app_id uuid default null
)
returns jsonb
language sql
set search_path = ''
as $$
  select private.start_connection(
    p_workspace_id, p_state_hash, p_encrypted_verifier, p_return_to, p_x_app_id
  );
$$;

comment on function public.start_connection(uuid, text, text, text, uuid) is
  'Remembers who starts connecting an account (null workspace: the personal one; null app: the deployment''s). Role admin.';

grant execute on function private.start_connection(uuid, text, text, text, uuid) to authenticated;
grant execute on function public.start_connection(uuid, text, text, text, uuid) to authenticated;

-- The redirect back from X brings no JWT: the state is the proof, and works once.
create function service.take_oauth_state(
  p_state_hash text, p_now timestamptz default clock_timestamp()
)
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  update private.oauth_states
  set used_at = p_now
  where state_hash = p_state_hash
    and used_at is null
    and expires_at > p_now
    -- Whoever lost the role meanwhile may not finish what they began with it.
    and exists (
      select from public.workspace_members as members
      where members.workspace_id = oauth_states.workspace_id
        and members.user_id = oauth_states.user_id
        and private.role_rank(members.role) >= private.role_rank('admin')
    )
    and exists (
      select from private.x_apps where x_apps.id = x_app_id and x_apps.deleted_at is null
    )
  returning jsonb_build_object(
    'workspace_id', workspace_id, 'user_id', user_id, 'x_app_id', x_app_id,
    'encrypted_verifier', encrypted_verifier, 'return_to', return_to,
    'app', private.app_credentials(x_app_id)
  );
$$;

comment on function service.take_oauth_state(text, timestamptz) is
  'Spends a state. Null when it is unknown, expired or spent, or its user is no admin any more, or its app is gone.';

-- The id tokens will be encrypted for: the account's own when it was connected here before.
create function service.reserve_account_id(
  p_workspace_id uuid, p_x_app_id uuid, p_remote_user_id text
)
returns jsonb
language sql
stable
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  select to_jsonb(coalesce(
    (
      select accounts.id
      from public.accounts
      where accounts.workspace_id = p_workspace_id
        and accounts.x_app_id = p_x_app_id
        and accounts.remote_user_id = p_remote_user_id
      order by accounts.created_at desc
      limit 1
    ),
    gen_random_uuid()
  ));
$$;

comment on function service.reserve_account_id(uuid, uuid, text) is
  'The id an account has or will have. Tokens are bound to it when they are encrypted.';

-- Adds or revives the account.
create function private.save_account(p_account jsonb)
returns void
language sql
set search_path = ''
as $$
  insert into public.accounts (
    id, workspace_id, user_id, x_app_id, remote_user_id, twitter_username, display_name, text_limit
  )
  select
    (p_account ->> 'id')::uuid, (p_account ->> 'workspace_id')::uuid,
    (p_account ->> 'user_id')::uuid, (p_account ->> 'x_app_id')::uuid,
    p_account ->> 'remote_user_id', p_account ->> 'twitter_username',
    p_account ->> 'display_name', coalesce((p_account ->> 'text_limit')::int, 280)
  on conflict (id) do update
  set
    user_id = excluded.user_id,
    twitter_username = excluded.twitter_username,
    display_name = excluded.display_name,
    text_limit = excluded.text_limit,
    status = case when accounts.paused_at is null then 'active' else 'paused' end,
    status_detail = null,
    connected_at = now(),
    disconnected_at = null,
    version = accounts.version + 1;
$$;

comment on function private.save_account(jsonb) is
  'Adds an account that was connected, or revives it; a paused one stays paused.';

-- A pair that comes from its owner ends whatever was under way with the one before.
create function private.save_tokens(p_account jsonb)
returns void
language sql
set search_path = ''
as $$
  insert into private.account_tokens as tokens (account_id, encrypted_tokens, expires_at, scopes)
  values (
    (p_account ->> 'id')::uuid, p_account ->> 'encrypted_tokens',
    (p_account ->> 'expires_at')::timestamptz,
    array(select jsonb_array_elements_text(p_account -> 'scopes'))
  )
  on conflict (account_id) do update
  set
    encrypted_tokens = excluded.encrypted_tokens,
    expires_at = excluded.expires_at,
    scopes = excluded.scopes,
    version = tokens.version + 1,
    refresh_lease = null,
    refresh_lease_expires_at = null,
    refreshed_at = null,
    refused_at = null,
    updated_at = now();
$$;

comment on function private.save_tokens(jsonb) is
  'Stores the tokens of an account that was connected.';

-- One transaction: account, tokens, event, and what X bills for reading the profile.
-- p_account: {id, workspace_id, user_id, x_app_id, remote_user_id, twitter_username, display_name,
-- text_limit, encrypted_tokens, expires_at, scopes}.
create function service.connect_account(p_account jsonb)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_id uuid := (p_account ->> 'id')::uuid;
begin
  perform from private.x_apps
  where id = (p_account ->> 'x_app_id')::uuid and deleted_at is null
  for key share;
  if not found then
    perform private.refuse(409, 'x-app-deleted', 'The X app was deleted meanwhile.',
      'Connect the account through another app.');
  end if;
  perform private.save_account(p_account);
  perform private.save_tokens(p_account);
  perform private.log_costs('user_read', array[v_id], clock_timestamp());
  insert into public.events (workspace_id, type, subject_type, subject_id, actor_type, actor_id, data)
  values (
    (p_account ->> 'workspace_id')::uuid, 'account.connected', 'account', v_id,
    'user', (p_account ->> 'user_id')::uuid,
    jsonb_build_object('account_id', v_id, 'twitter_username', p_account ->> 'twitter_username')
  );
  return jsonb_build_object('account_id', v_id);
exception
  when unique_violation then
    perform private.refuse(
      409, 'account-already-connected', 'This X account is connected already.',
      'Disconnect it where it is connected, or connect another account.'
    );
end
$$;

comment on function service.connect_account(jsonb) is
  'Adds or revives an account with its encrypted tokens; 409 when it is connected elsewhere.';

-- p_changes may hold time_zone, paused and can_self_reply (booleans; true: try again whether X lets
-- it). One that is not connected can be paused, too, before it is. p_version null skips the comparison.
create function private.update_account(p_account_id uuid, p_changes jsonb, p_version int)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_account public.accounts := private.lock_account(p_account_id, 'admin', p_version);
begin
  if p_changes ? 'time_zone' and not exists (
    select from pg_catalog.pg_timezone_names where name = p_changes ->> 'time_zone'
  ) then
    perform private.refuse(422, 'time-zone-unknown', 'time_zone is not an IANA zone.',
      'Use a name such as Europe/Berlin.');
  end if;

  update public.accounts
  set
    time_zone = coalesce(p_changes ->> 'time_zone', accounts.time_zone),
    paused_at = case
      when not p_changes ? 'paused' then accounts.paused_at
      when (p_changes ->> 'paused')::boolean then coalesce(accounts.paused_at, now())
    end,
    status_detail = case
      when p_changes ? 'paused' and accounts.status in ('active', 'paused') then null
      else accounts.status_detail
    end,
    status = case
      when not p_changes ? 'paused' or accounts.status not in ('active', 'paused')
        then accounts.status
      when (p_changes ->> 'paused')::boolean then 'paused'
      else 'active'
    end,
    can_self_reply =
      coalesce((p_changes ->> 'can_self_reply')::boolean, accounts.can_self_reply),
    version = accounts.version + 1
  where accounts.id = p_account_id
  returning * into v_account;

  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  values (
    v_account.workspace_id, 'account.updated', 'account', p_account_id,
    jsonb_build_object(
      'account_id', p_account_id, 'status', v_account.status,
      'can_self_reply', v_account.can_self_reply, 'time_zone', v_account.time_zone
    )
  );
  return to_jsonb(v_account);
end
$$;

create function public.update_account(p_account_id uuid, p_changes jsonb, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.update_account(p_account_id, p_changes, p_version);
$$;

comment on function public.update_account(uuid, jsonb, int) is
  'Changes time_zone, paused or can_self_reply of an account. Role admin. 412 when p_version is not the current one.';

create table private.token_revocations (
  account_id uuid primary key references public.accounts (id) on delete cascade,
  workspace_id uuid not null,
  encrypted_tokens text not null,
  requested_at timestamptz not null default now(),
  next_try_at timestamptz not null default now(),
  try_count int not null default 0
);

comment on table private.token_revocations is
  'Tokens of disconnected accounts that X has still to be told to forget.';

-- Serves: the next revocation that is due.
create index token_revocations_next_try_at_idx on private.token_revocations (next_try_at);

alter table private.token_revocations enable row level security;

-- Scheduled posts stay scheduled: their lane is closed until the account is connected again, and
-- each post's own late policy decides what happens when its time passes.
create function private.end_connection(p_account public.accounts)
returns void
language plpgsql
set search_path = ''
as $$
begin
  with taken as (
    delete from private.account_tokens where account_id = p_account.id
    returning encrypted_tokens
  )
  insert into private.token_revocations (account_id, workspace_id, encrypted_tokens)
  select p_account.id, p_account.workspace_id, taken.encrypted_tokens from taken
  on conflict (account_id) do update
  set encrypted_tokens = excluded.encrypted_tokens, next_try_at = now(), try_count = 0;

  update public.accounts
  set
    status = 'disconnected', status_detail = null, disconnected_at = now(),
    version = accounts.version + 1
  where id = p_account.id and status <> 'disconnected';
  if found then
    insert into public.events (workspace_id, type, subject_type, subject_id, data)
    values (
      p_account.workspace_id, 'account.disconnected', 'account', p_account.id,
      jsonb_build_object('account_id', p_account.id, 'twitter_username', p_account.twitter_username)
    );
  end if;
end
$$;

comment on function private.end_connection(public.accounts) is
  'Disconnects an account: its tokens are destroyed here and revoked at X. Safe to repeat.';

create function private.disconnect_account(p_account_id uuid, p_version int)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_account public.accounts := private.lock_account(p_account_id, 'admin', p_version);
begin
  perform private.end_connection(v_account);
  select * into v_account from public.accounts where id = p_account_id;
  return to_jsonb(v_account);
end
$$;

create function public.disconnect_account(p_account_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.disconnect_account(p_account_id, p_version);
$$;

comment on function public.disconnect_account(uuid, int) is
  'Disconnects an account: its tokens are destroyed here and revoked at X. Role admin. Safe to repeat.';

grant execute on function private.update_account(uuid, jsonb, int) to authenticated;
grant execute on function public.update_account(uuid, jsonb, int) to authenticated;
grant execute on function private.disconnect_account(uuid, int) to authenticated;
grant execute on function public.disconnect_account(uuid, int) to authenticated;

-- A lost answer only means another try: revoking a revoked token succeeds at X.
create function service.claim_token_revocations(
  p_limit int default 10, p_now timestamptz default clock_timestamp()
)
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  with due as (
    select account_id
    from private.token_revocations
    where next_try_at <= p_now
    order by next_try_at
    limit p_limit
    for update skip locked
  ), claimed as (
    update private.token_revocations as revocations
    set
      try_count = revocations.try_count + 1,
      next_try_at = p_now + least(interval '1 minute' * 2 ^ revocations.try_count, interval '1 day')
    from due
    where revocations.account_id = due.account_id
    returning revocations.account_id, revocations.workspace_id, revocations.encrypted_tokens
  )
  select coalesce(
    jsonb_agg(
      to_jsonb(claimed) || jsonb_build_object('app', private.app_credentials(accounts.x_app_id))
    ), '[]'
  )
  from claimed
  join public.accounts on accounts.id = claimed.account_id;
$$;

comment on function service.claim_token_revocations(int, timestamptz) is
  'Tokens to revoke at X now: [{account_id, workspace_id, encrypted_tokens, app}].';

create function service.finish_token_revocation(p_account_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_count int;
begin
  delete from private.token_revocations
  -- Newer tokens that came while these were revoked have not been tried yet.
  where account_id = p_account_id and try_count > 0;
  get diagnostics v_count = row_count;
  perform private.forget_app_secrets();
  return to_jsonb(v_count);
end
$$;

comment on function service.finish_token_revocation(uuid) is
  'Forgets tokens X has revoked.';

-- Token refresh ----------
-- Refresh tokens are single use. One worker holds the lease while it talks to X; the new pair is
-- written only over the version it started from, so a token refreshed meanwhile is never lost.

-- No refresh helps against X calling a pair wrong that it has just made, nor a minute after it
-- refused one. And a restored database holds tokens that were spent since: using one again loses
-- the family, so they wait until the account was read or connected again.
create function private.may_refresh(p_tokens private.account_tokens, p_now timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
      p_tokens.refreshed_at is null
      or p_tokens.refreshed_at <= p_now - interval '5 minutes'
      or p_tokens.expires_at <= p_now + interval '10 minutes'
    )
    and (p_tokens.refused_at is null or p_tokens.refused_at <= p_now - interval '1 minute')
    and not private.is_publishing_held()
    and not exists (
      select from private.restored_accounts as restored
      where restored.account_id = p_tokens.account_id
    );
end
$$;

comment on function private.may_refresh(private.account_tokens, timestamptz) is
  'False when spending the refresh token now would help nobody, or could lose the connection.';

create function service.lease_token_refresh(
  p_account_id uuid, p_version bigint, p_lease uuid, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_leased boolean;
begin
  update private.account_tokens as tokens
  set refresh_lease = p_lease, refresh_lease_expires_at = p_now + interval '60 seconds'
  where tokens.account_id = p_account_id
    and tokens.version = p_version
    and (
      tokens.refresh_lease is null
      or tokens.refresh_lease_expires_at < p_now
      or tokens.refresh_lease = p_lease
    )
    and private.may_refresh(tokens, p_now);
  v_leased := found;

  return (
    select jsonb_build_object(
      'leased', v_leased,
      'version', tokens.version,
      'encrypted_tokens', tokens.encrypted_tokens,
      'expires_at', tokens.expires_at,
      'app', private.app_credentials(accounts.x_app_id)
    )
    from private.account_tokens as tokens
    join public.accounts on accounts.id = tokens.account_id
    where tokens.account_id = p_account_id
  );
end
$$;

comment on function service.lease_token_refresh(uuid, bigint, uuid, timestamptz) is
  'Tries to become the one who refreshes version p_version; returns the current tokens and the app they belong to either way.';

create function service.save_refreshed_tokens(
  p_account_id uuid, p_version bigint, p_encrypted_tokens text, p_expires_at timestamptz,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  with saved as (
    update private.account_tokens
    set
      encrypted_tokens = p_encrypted_tokens,
      expires_at = p_expires_at,
      version = account_tokens.version + 1,
      refresh_lease = null,
      refresh_lease_expires_at = null,
      refreshed_at = p_now,
      refused_at = null,
      updated_at = p_now
    where account_id = p_account_id and version = p_version
    returning version
  )
  select jsonb_build_object('saved', exists (select from saved) or exists (
    select from private.account_tokens
    where account_id = p_account_id and encrypted_tokens = p_encrypted_tokens
  ));
$$;

comment on function service.save_refreshed_tokens(uuid, bigint, text, timestamptz, timestamptz) is
  'Stores a new pair over the version it came from. Repeated, it says again that it is stored.';

-- Remembers the first refusal of the newest pair and gives back its lease.
create function private.is_refused_again(
  p_account_id uuid, p_version bigint, p_now timestamptz
)
returns boolean
language sql
set search_path = ''
as $$
  update private.account_tokens
  set
    refused_at = coalesce(refused_at, p_now),
    refresh_lease = null,
    refresh_lease_expires_at = null
  where account_id = p_account_id and version = p_version
  returning refused_at <= p_now - interval '1 minute';
$$;

comment on function private.is_refused_again(uuid, bigint, timestamptz) is
  'True when X refused this pair a minute ago, too; null when it is not the newest one.';

-- Only a definite refusal of the newest pair asks for the owner, given twice, a minute apart: never
-- one 401, never an unknown outcome, never a slip of X. p_is_certain: X need not be asked again.
create function service.require_reauth(
  p_account_id uuid, p_version bigint, p_detail text, p_is_certain boolean default false,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_account public.accounts;
begin
  -- A connection that is being made again is waited for, and its pair is then the newest.
  perform from public.accounts where id = p_account_id for no key update;
  if private.is_refused_again(p_account_id, p_version, p_now) or p_is_certain then
    update public.accounts
    set status = 'needs_reauth', status_detail = p_detail, version = accounts.version + 1
    where accounts.id = p_account_id
      and accounts.status in ('active', 'paused')
      and exists (
        select from private.account_tokens as tokens
        where tokens.account_id = p_account_id and tokens.version = p_version
      )
    returning * into v_account;
  end if;

  if v_account.id is not null then
    insert into public.events (workspace_id, type, subject_type, subject_id, data)
    values (
      v_account.workspace_id, 'account.needs_reauth', 'account', p_account_id,
      jsonb_build_object(
        'account_id', p_account_id, 'twitter_username', v_account.twitter_username,
        'detail', p_detail
      )
    );
  end if;
  return jsonb_build_object('changed', v_account.id is not null);
end
$$;

comment on function service.require_reauth(uuid, bigint, text, boolean, timestamptz) is
  'Marks an account as needing its owner when X refused the newest pair twice. {changed}.';
