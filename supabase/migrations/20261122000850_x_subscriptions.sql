-- Which events of which accounts X sends us: the webhook at X, and its subscriptions.
--
-- X allows an app 1,500 subscriptions, one per account and type. What is wanted is written here when
-- an account comes or goes; the inbound worker makes it so at X, and once an hour compares both.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.x_webhooks (
  is_only boolean primary key default true,
  -- Its id at X; null until it is registered.
  webhook_id text,
  event_types text[] not null default '{}',
  -- When it is looked after next. Infinite until there is an account to hear about.
  next_check_at timestamptz not null default 'infinity',
  -- Until then nobody is rung: the functions' settings lack something.
  parked_until timestamptz not null default '-infinity',
  -- When this database was last awake, to the minute, and the hours X is to send again.
  awake_at timestamptz not null default clock_timestamp(),
  missed_from timestamptz,
  missed_until timestamptz,
  constraint x_webhooks_single_row check (is_only),
  constraint x_webhooks_missed_is_a_window check (
    (missed_from is null) = (missed_until is null) and missed_from < missed_until
  )
);

comment on table private.x_webhooks is
  'The deployment''s webhook at X, one row: its health, and what it missed.';

insert into private.x_webhooks default values;

create table private.x_subscriptions (
  -- No key to accounts: X has to be told even when the account is gone.
  account_id uuid not null,
  event_type text not null,
  remote_user_id text not null,
  is_wanted boolean not null default true,
  -- Place of the type in the setting: what is subscribed first when not all fits.
  rank smallint not null,
  -- Its id at X; null until it is made.
  subscription_id text,
  -- When to make or delete it at X; infinite while X has what is wanted.
  next_try_at timestamptz not null,
  try_count int not null default 0,
  error text,
  primary key (account_id, event_type)
);

comment on table private.x_subscriptions is
  'An event type of an account that X sends us, or shall send, or shall not send any more.';

-- Serves: claim_subscriptions and the tick.
create index x_subscriptions_next_try_at_idx
  on private.x_subscriptions (next_try_at) where next_try_at < 'infinity';

create table private.subscription_changes (
  account_id uuid primary key,
  remote_user_id text not null,
  changed_at timestamptz not null default clock_timestamp()
);

comment on table private.subscription_changes is
  'Accounts that came or went since subscriptions were planned.';

alter table private.x_webhooks enable row level security;
alter table private.x_subscriptions enable row level security;
alter table private.subscription_changes enable row level security;

create function private.tg_accounts__plan_subscriptions()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_account public.accounts := coalesce(new, old);
begin
  insert into private.subscription_changes (account_id, remote_user_id)
  values (v_account.id, v_account.remote_user_id)
  on conflict (account_id) do nothing;
  return v_account;
end
$$;

create trigger accounts_after_insert_plan_subscriptions
  after insert on public.accounts
  for each row when (new.x_app_id = '00000000-0000-0000-0000-000000000001')
  execute function private.tg_accounts__plan_subscriptions();

create trigger accounts_after_update_plan_subscriptions
  after update of status on public.accounts
  for each row when (
    old.status <> new.status and new.x_app_id = '00000000-0000-0000-0000-000000000001'
  )
  execute function private.tg_accounts__plan_subscriptions();

create trigger accounts_after_delete_plan_subscriptions
  after delete on public.accounts
  for each row when (old.x_app_id = '00000000-0000-0000-0000-000000000001')
  execute function private.tg_accounts__plan_subscriptions();

create function private.are_subscriptions_due(p_now timestamptz)
returns boolean
language sql
stable
set search_path = ''
as $$
  select webhooks.parked_until <= p_now and (
    webhooks.next_check_at <= p_now
    or webhooks.next_check_at = 'infinity' and exists (select from private.subscription_changes)
    or webhooks.webhook_id is not null and (
      exists (select from private.subscription_changes)
      or exists (
        select from private.x_subscriptions
        where next_try_at <= p_now and next_try_at < 'infinity'
      )
    )
  )
  from private.x_webhooks as webhooks;
$$;

comment on function private.are_subscriptions_due(timestamptz) is
  'True when something is to be done at X about the webhook or its subscriptions.';

-- A database that slept, or was restored, heard nothing meanwhile: X is asked to send it again.
create function private.note_awake(p_now timestamptz default clock_timestamp())
returns void
language sql
set search_path = ''
as $$
  update private.x_webhooks
  set
    awake_at = p_now,
    missed_from = case
      when webhook_id is not null and awake_at < p_now - interval '5 minutes'
        then least(missed_from, awake_at)
      else missed_from
    end,
    missed_until = case
      when webhook_id is not null and awake_at < p_now - interval '5 minutes' then p_now
      else missed_until
    end,
    next_check_at = case
      when webhook_id is not null and awake_at < p_now - interval '5 minutes' then p_now
      else next_check_at
    end
  where awake_at < p_now - interval '1 minute';
$$;

comment on function private.note_awake(timestamptz) is
  'Remembers that the database is awake; after five minutes of silence, what X has to send again.';

-- Operator verb.
create function private.replay_inbound(p_from timestamptz, p_until timestamptz)
returns void
language sql
set search_path = ''
as $$
  update private.x_webhooks
  set
    missed_from = least(missed_from, p_from),
    missed_until = greatest(missed_until, p_until),
    next_check_at = clock_timestamp();
$$;

comment on function private.replay_inbound(timestamptz, timestamptz) is
  'Has X send again what happened in a window of the last 24 hours. For operators, after an outage of functions.';

create function service.park_subscriptions(
  p_reason text, p_now timestamptz default clock_timestamp()
)
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  update private.x_webhooks
  set parked_until = p_now + interval '1 hour'
  returning jsonb_build_object('reason', p_reason, 'parked_until', parked_until);
$$;

comment on function service.park_subscriptions(text, timestamptz) is
  'The functions'' settings lack something, so nobody is rung about subscriptions for an hour.';

-- Claiming the check leases it for two minutes.
create function service.claim_webhook_check(
  p_event_types text[], p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_webhook private.x_webhooks;
begin
  update private.x_webhooks
  set next_check_at = p_now + interval '2 minutes', parked_until = '-infinity'
  where next_check_at <= p_now
    or next_check_at = 'infinity' and exists (select from private.subscription_changes)
    or webhook_id is not null and event_types <> p_event_types
  returning * into v_webhook;

  return jsonb_build_object(
    'due', found, 'missed_from', v_webhook.missed_from, 'missed_until', v_webhook.missed_until
  );
end
$$;

comment on function service.claim_webhook_check(text[], timestamptz) is
  'Whether the webhook is to be looked after now, by the caller: {due, missed_from, missed_until}.';

-- p_at_x: the subscriptions X has for this webhook, [{subscription_id, event_type, remote_user_id}].
-- What X lost is made again; what nobody wants any more is deleted there.
create function private.compare_subscriptions(p_at_x jsonb, p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  update private.x_subscriptions as ours
  set
    subscription_id = theirs.subscription_id,
    next_try_at = case
      when ours.is_wanted = (theirs.subscription_id is not null) then 'infinity'
      else p_now
    end::timestamptz
  from private.x_subscriptions as kept
  left join jsonb_to_recordset(p_at_x) as theirs (
    subscription_id text, event_type text, remote_user_id text
  ) on theirs.event_type = kept.event_type and theirs.remote_user_id = kept.remote_user_id
  where ours.account_id = kept.account_id
    and ours.event_type = kept.event_type
    and ours.subscription_id is distinct from theirs.subscription_id;

  insert into private.x_subscriptions (
    account_id, event_type, remote_user_id, is_wanted, rank, subscription_id, next_try_at
  )
  select
    gen_random_uuid(), theirs.event_type, theirs.remote_user_id, false, 0,
    theirs.subscription_id, p_now
  from jsonb_to_recordset(p_at_x) as theirs (
    subscription_id text, event_type text, remote_user_id text
  )
  where not exists (
    select from private.x_subscriptions as ours
    where ours.subscription_id = theirs.subscription_id
  );
$$;

comment on function private.compare_subscriptions(jsonb, timestamptz) is
  'Plans what differs between X''s subscriptions and ours.';

-- p_replayed_until null: nothing was replayed. p_error null: the webhook is well.
create function service.save_webhook_check(
  p_webhook_id text, p_event_types text[], p_at_x jsonb, p_replayed_until timestamptz,
  p_error text default null, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '8s'
as $$
begin
  if p_error is not null then
    perform private.raise_alert('x-webhook-invalid', '', p_error,
      'Check X_CONSUMER_SECRET and X_BEARER_TOKEN, and that X can reach the inbound function.', p_now);
    update private.x_webhooks set next_check_at = p_now + interval '5 minutes';
    return jsonb_build_object('now', p_now);
  end if;

  perform private.clear_alert('x-webhook-invalid');
  insert into private.subscription_changes (account_id, remote_user_id)
  select accounts.id, accounts.remote_user_id
  from public.accounts, private.x_webhooks as webhooks
  where accounts.x_app_id = '00000000-0000-0000-0000-000000000001'
    and (webhooks.event_types <> p_event_types or webhooks.webhook_id is distinct from p_webhook_id)
  on conflict (account_id) do nothing;

  update private.x_webhooks
  set
    webhook_id = p_webhook_id,
    event_types = p_event_types,
    missed_from = case when p_replayed_until < missed_until then p_replayed_until
      when p_replayed_until is null then missed_from end,
    missed_until = case when p_replayed_until >= missed_until then null else missed_until end,
    next_check_at = p_now + case
      when coalesce(p_replayed_until, '-infinity') < missed_until then interval '10 minutes'
      else interval '1 hour'
    end;
  perform private.compare_subscriptions(p_at_x, p_now);
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.save_webhook_check(text, text[], jsonb, timestamptz, text, timestamptz) is
  'What a look at the webhook found, or what went wrong.';

create function private.plan_subscriptions(p_event_types text[], p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  with changed as (
    delete from private.subscription_changes returning account_id, remote_user_id
  ), wanted as (
    select changed.account_id, changed.remote_user_id, types.event_type, types.rank
    from changed
    join public.accounts on accounts.id = changed.account_id
    cross join unnest(p_event_types) with ordinality as types (event_type, rank)
    where accounts.status in ('active', 'paused')
  ), unwanted as (
    update private.x_subscriptions as ours
    set is_wanted = false, next_try_at = p_now, try_count = 0
    from changed
    where ours.account_id = changed.account_id
      and ours.is_wanted
      and not exists (
        select from wanted
        where wanted.account_id = ours.account_id and wanted.event_type = ours.event_type
      )
  )
  insert into private.x_subscriptions as ours (
    account_id, event_type, remote_user_id, rank, next_try_at
  )
  select account_id, event_type, remote_user_id, rank, p_now
  from wanted
  on conflict (account_id, event_type) do update
  set
    is_wanted = true, rank = excluded.rank, remote_user_id = excluded.remote_user_id, try_count = 0,
    next_try_at = case when ours.subscription_id is null then p_now else 'infinity' end
  where not ours.is_wanted or ours.subscription_id is null;
$$;

comment on function private.plan_subscriptions(text[], timestamptz) is
  'Writes down what is wanted of accounts that came or went.';

-- Deletions first: they make room. Made is only what fits into X's cap, the most important type first.
create function private.lease_subscriptions(p_room int, p_limit int, p_now timestamptz)
returns setof private.x_subscriptions
language sql
set search_path = ''
as $$
  with due as (
    select account_id, event_type
    from private.x_subscriptions
    where next_try_at <= p_now and next_try_at < 'infinity' and not is_wanted
    union all
    (
      select account_id, event_type
      from private.x_subscriptions
      where next_try_at <= p_now and next_try_at < 'infinity' and is_wanted
      order by rank, next_try_at
      limit least(greatest(p_room, 0), p_limit)
    )
  )
  update private.x_subscriptions as ours
  set next_try_at = p_now + interval '1 minute', try_count = ours.try_count + 1
  from due
  where ours.account_id = due.account_id
    and ours.event_type = due.event_type
    -- Not claimed by another worker meanwhile.
    and ours.next_try_at <= p_now
  returning ours.*;
$$;

comment on function private.lease_subscriptions(int, int, timestamptz) is
  'Takes subscriptions that are due to be changed for a minute: no more new ones than p_room.';

create function service.claim_subscriptions(
  p_event_types text[], p_cap int default 1500, p_limit int default 50,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '8s'
as $$
declare
  v_claimed jsonb;
  v_used int;
begin
  if not exists (select from private.x_webhooks where webhook_id is not null) then
    return jsonb_build_object('webhook_id', null, 'subscriptions', '[]'::jsonb);
  end if;
  perform private.plan_subscriptions(p_event_types, p_now);
  delete from private.x_subscriptions where not is_wanted and subscription_id is null;
  select count(*) into v_used from private.x_subscriptions where subscription_id is not null;
  perform private.watch_subscription_cap(v_used, p_cap, p_now);

  select jsonb_agg(jsonb_build_object(
    'account_id', claimed.account_id, 'event_type', claimed.event_type,
    'remote_user_id', claimed.remote_user_id, 'is_wanted', claimed.is_wanted,
    'subscription_id', claimed.subscription_id, 'workspace_id', accounts.workspace_id,
    'encrypted_tokens', tokens.encrypted_tokens, 'tokens_expire_at', tokens.expires_at,
    'tokens_version', tokens.version
  ))
  into v_claimed
  from private.lease_subscriptions(p_cap - v_used, p_limit, p_now) as claimed
  left join public.accounts on accounts.id = claimed.account_id
  left join private.account_tokens as tokens on tokens.account_id = claimed.account_id;
  -- What does not fit is asked about again when something may have been given back.
  update private.x_subscriptions
  set next_try_at = p_now + interval '1 hour'
  where next_try_at <= p_now and next_try_at < 'infinity' and v_used >= p_cap;

  return jsonb_build_object(
    'webhook_id', (select webhook_id from private.x_webhooks),
    'subscriptions', coalesce(v_claimed, '[]')
  );
end
$$;

comment on function service.claim_subscriptions(text[], int, int, timestamptz) is
  'Subscriptions to make or delete at X now, each leased for a minute, with tokens (encrypted).';

create function private.watch_subscription_cap(p_used int, p_cap int, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_wanted int := (select count(*) from private.x_subscriptions where is_wanted);
begin
  if v_wanted > p_cap then
    perform private.raise_alert('x-subscriptions-full', '',
      format('%s subscriptions are wanted, %s of the %s X allows are used.', v_wanted, p_used, p_cap),
      'Shorten X_ACTIVITY_EVENTS: accounts without a subscription are looked after by polling.', p_now);
  else
    perform private.clear_alert('x-subscriptions-full');
  end if;
end
$$;

comment on function private.watch_subscription_cap(int, int, timestamptz) is
  'The alert x-subscriptions-full while more is wanted than X allows.';

-- p_subscription_id: its id at X now, null when X has none. p_error null: as wanted.
create function service.settle_subscription(
  p_account_id uuid, p_event_type text, p_subscription_id text, p_error text default null,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  update private.x_subscriptions
  set
    subscription_id = p_subscription_id,
    error = p_error,
    next_try_at = case
      when p_error is not null
        then p_now + least(interval '15 seconds' * 2 ^ least(try_count, 10), interval '1 hour')
      when is_wanted = (p_subscription_id is not null) then 'infinity'
      else p_now
    end
  where account_id = p_account_id and event_type = p_event_type
  returning jsonb_build_object('next_try_at', next_try_at);
$$;

comment on function service.settle_subscription(uuid, text, text, text, timestamptz) is
  'What X has of a subscription now, or why it could not be changed.';

create function private.subscription_usage()
returns table (event_type text, used bigint, wanted bigint, failing bigint)
language sql
stable
set search_path = ''
as $$
  select
    event_type, count(subscription_id), count(*) filter (where is_wanted), count(error)
  from private.x_subscriptions
  group by event_type
  order by event_type;
$$;

comment on function private.subscription_usage() is
  'How many of X''s 1,500 subscriptions are used and wanted, by event type. For operators.';
