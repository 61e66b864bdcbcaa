-- Token refresh: one worker makes a new pair of tokens before the old one ends.
--
-- Refresh tokens are single use. One worker holds the lease while it talks to X; the new pair is
-- written only over the version it started from, so a token refreshed meanwhile is never lost.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
      'error', tokens.refresh_error,
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
      failing_since = null,
      refresh_error = null,
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
    failing_since = null,
    refresh_error = null,
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
