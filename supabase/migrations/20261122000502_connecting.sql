-- Connecting: from the click to the account and its tokens, by way of X's own page.
--
-- X's redirect brings no JWT, so what was begun is remembered with whoever began it, and taken up once.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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

-- The id tokens will be encrypted for: the account's own when it was connected here before. Volatile: what
-- a replica has not heard of yet would get a second id.
create function service.reserve_account_id(
  p_workspace_id uuid, p_x_app_id uuid, p_remote_user_id text
)
returns jsonb
language sql
volatile
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
    profile_read_at = now(),
    profile_asked_at = now(),
    status = case when accounts.paused_at is null then 'active' else 'paused' end,
    status_detail = null,
    connected_at = now(),
    disconnected_at = null,
    version = accounts.version + 1;
$$;

comment on function private.save_account(jsonb) is
  'Adds an account that was connected, or revives it; a paused one stays paused.';

-- A pair that comes from its owner ends whatever was under way with the one before, also where that was
-- deleted meanwhile: the account's own version grows with every connection, and so no version returns.
create function private.save_tokens(p_account jsonb)
returns void
language sql
set search_path = ''
as $$
  insert into private.account_tokens as tokens (
    account_id, encrypted_tokens, expires_at, scopes, version
  )
  select
    accounts.id, p_account ->> 'encrypted_tokens', (p_account ->> 'expires_at')::timestamptz,
    array(select jsonb_array_elements_text(p_account -> 'scopes')),
    (accounts.version - 1) * 1000000::bigint + 1
  from public.accounts
  where accounts.id = (p_account ->> 'id')::uuid
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
    failing_since = null,
    refresh_error = null,
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
  select
    accounts.workspace_id, 'account.connected', 'account', v_id, 'user', accounts.user_id,
    private.account_facts(accounts)
  from public.accounts
  where accounts.id = v_id;
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
