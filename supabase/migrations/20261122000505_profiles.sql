-- Profiles: what X says an account is called and how long its texts may be.
--
-- Read when an account is connected, and again when somebody asks: handles, names and paid tiers change,
-- and X bills every look.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- The look is taken here, so that X is not asked twice a minute, whatever it answers and whoever asks.
create function private.start_profile_refresh(
  p_account_id uuid, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_account public.accounts := private.require_account(p_account_id, 'editor');
begin
  perform private.require_unsuspended(v_account.workspace_id);
  if v_account.status not in ('active', 'paused') then
    perform private.refuse(409, 'account-not-connected',
      'X shows the profile to a connected account only.', 'Connect the account again.');
  end if;
  update public.accounts
  set profile_asked_at = p_now
  where id = p_account_id and profile_asked_at <= p_now - interval '1 minute';
  return jsonb_build_object(
    'account_id', v_account.id, 'status', v_account.status, 'is_due', found,
    'is_known', v_account.profile_read_at >= v_account.profile_asked_at
  );
end
$$;

create function public.start_profile_refresh(p_account_id uuid)
returns jsonb
language sql
set search_path = ''
as $$
  select private.start_profile_refresh(p_account_id);
$$;

comment on function public.start_profile_refresh(uuid) is
  'Whether X is to be asked for the profile of an account now: not twice a minute. is_known: it answered the last time. 409 when it is not connected. Role editor.';

-- p_profile: {remote_user_id, twitter_username, display_name, text_limit}. What did not change tells
-- nobody; an account that was disconnected meanwhile keeps what it had.
create function service.save_profile(
  p_account_id uuid, p_profile jsonb, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_account public.accounts;
  v_is_new boolean;
begin
  select * into v_account from public.accounts where id = p_account_id for no key update;
  if v_account.remote_user_id <> p_profile ->> 'remote_user_id' then
    perform private.refuse(409, 'conflict', 'X answered with the profile of another account.',
      'Connect the account again.');
  end if;
  v_is_new := (
    v_account.twitter_username, v_account.display_name, v_account.text_limit
  ) is distinct from (
    p_profile ->> 'twitter_username', p_profile ->> 'display_name', (p_profile ->> 'text_limit')::int
  );
  update public.accounts
  set
    twitter_username = p_profile ->> 'twitter_username',
    display_name = p_profile ->> 'display_name',
    text_limit = (p_profile ->> 'text_limit')::int,
    profile_read_at = p_now,
    version = accounts.version + v_is_new::int
  where id = p_account_id and status in ('active', 'paused')
  returning * into v_account;

  if found and v_is_new then
    perform private.emit_account_updated(v_account);
  end if;
  perform private.log_costs('user_read', array[p_account_id], p_now);
  return jsonb_build_object('account_id', p_account_id);
end
$$;

comment on function service.save_profile(uuid, jsonb, timestamptz) is
  'Keeps what X said of an account, and counts what it bills for each look.';

grant execute on function
  private.start_profile_refresh(uuid, timestamptz), public.start_profile_refresh(uuid)
to authenticated;
