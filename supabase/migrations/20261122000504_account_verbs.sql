-- What callers do with accounts that are connected: change and disconnect them.
--
-- Disconnecting destroys the tokens at once. X is told to forget them afterwards, however long that takes.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- What events tell of an account.
create function private.account_facts(p_account public.accounts)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'account_id', p_account.id, 'twitter_username', p_account.twitter_username,
    'display_name', p_account.display_name, 'status', p_account.status,
    'text_limit', p_account.text_limit, 'can_self_reply', p_account.can_self_reply,
    'time_zone', p_account.time_zone
  );
$$;

comment on function private.account_facts(public.accounts) is
  'What an account is called and may do, for events.';

create function private.emit_account_updated(p_account public.accounts)
returns void
language sql
set search_path = ''
as $$
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  values (
    p_account.workspace_id, 'account.updated', 'account', p_account.id,
    private.account_facts(p_account)
  );
$$;

comment on function private.emit_account_updated(public.accounts) is
  'Tells what an account is and may do since somebody, or X, changed it.';

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

  perform private.emit_account_updated(v_account);
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
