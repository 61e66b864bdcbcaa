-- Token failures: X does not renew an account's tokens, and the account is not to blame.
--
-- A wrong secret of the app, an outage of the token endpoint: posts would wait without a word once the
-- tokens end. So it is kept, shown wherever somebody asks why a post waits, and tried ever more rarely.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- What the app is refused for, its accounts share: one alert for all of them, at once. Anything else alerts
-- when it lasts. Customers' apps are their own business: they read it on their posts.
create function private.alert_refresh_failure(
  p_tokens private.account_tokens, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_tokens.refresh_error ->> 'who' <> 'app'
    and p_tokens.failing_since > p_now - interval '5 minutes' then
    return;
  end if;
  perform private.raise_alert(
    'tokens-not-renewed', apps.id::text, p_tokens.refresh_error ->> 'detail',
    p_tokens.refresh_error ->> 'remedy', p_now
  )
  from public.accounts
  join private.x_apps as apps on apps.id = accounts.x_app_id
  where accounts.id = p_tokens.account_id and apps.workspace_id is null;
end
$$;

comment on function private.alert_refresh_failure(private.account_tokens, timestamptz) is
  'Tells the operator that tokens of the deployment''s app are not renewed.';

-- The lease is kept as the pause before the next try: a minute, then as long as it has failed, five minutes
-- at most.
create function service.note_refresh_failure(
  p_account_id uuid, p_version bigint, p_error jsonb, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_tokens private.account_tokens;
begin
  update private.account_tokens as tokens
  set
    failing_since = coalesce(tokens.failing_since, p_now),
    refresh_error = p_error,
    refresh_lease = coalesce(tokens.refresh_lease, gen_random_uuid()),
    refresh_lease_expires_at = p_now + least(
      greatest(p_now - tokens.failing_since, interval '1 minute'), interval '5 minutes'
    )
  where tokens.account_id = p_account_id and tokens.version = p_version
  returning * into v_tokens;
  if found then
    perform private.alert_refresh_failure(v_tokens, p_now);
  end if;
  return jsonb_build_object('kept', v_tokens.account_id is not null);
end
$$;

comment on function service.note_refresh_failure(uuid, bigint, jsonb, timestamptz) is
  'Remembers why X did not renew the newest pair, {slug, detail, who, remedy}, and when to try again.';

create function private.tg_account_tokens__clear_alert()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if not exists (
    select
    from private.account_tokens as failing
    join public.accounts on accounts.id = failing.account_id
    join public.accounts as mended on mended.x_app_id = accounts.x_app_id
    where failing.failing_since is not null and mended.id = old.account_id
  ) then
    perform private.clear_alert('tokens-not-renewed', accounts.x_app_id::text)
    from public.accounts
    where accounts.id = old.account_id;
  end if;
  return null;
end
$$;

create trigger account_tokens_after_update_clear_alert
  after update of failing_since on private.account_tokens
  for each row when (old.failing_since is not null and new.failing_since is null)
  execute function private.tg_account_tokens__clear_alert();

create trigger account_tokens_after_delete_clear_alert
  after delete on private.account_tokens
  for each row when (old.failing_since is not null)
  execute function private.tg_account_tokens__clear_alert();

-- The app has new credentials: nobody waits for the pause after the old ones. A lane that was skipped waits
-- for exactly the end of that pause (private.skip_lanes); one that X closed stays closed.
create function private.retry_refreshes(p_x_app_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_account_ids uuid[] := array(
    select accounts.id
    from private.account_tokens as tokens
    join public.accounts on accounts.id = tokens.account_id
    where tokens.failing_since is not null and accounts.x_app_id = p_x_app_id
  );
begin
  perform private.lock_lanes(v_account_ids);
  update private.account_lanes as lanes
  set blocked_until = '-infinity'
  from private.account_tokens as tokens
  where lanes.account_id = any (v_account_ids)
    and tokens.account_id = lanes.account_id
    and tokens.refresh_lease_expires_at = lanes.blocked_until;
  update private.account_tokens
  set
    failing_since = null, refresh_error = null, refresh_lease = null, refresh_lease_expires_at = null
  where account_id = any (v_account_ids);
  perform private.refresh_lanes(v_account_ids);
end
$$;

comment on function private.retry_refreshes(uuid) is
  'Has tokens of an app renewed at once that X did not renew with its old credentials.';
