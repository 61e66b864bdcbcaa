-- Rates: what X lets an account and an app send.
--
-- Own counts are columns of the lane that Go changes anyway (private.start_attempts), so that a lane
-- closes before X has to answer 429, whether X sends headers or not. What headers tell is written
-- only when a window is nearly used up.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.rate_windows (
  id bigint generated always as identity primary key,
  x_app_id uuid not null references private.x_apps (id) on delete cascade,
  -- Null: of the app as a whole.
  account_id uuid references public.accounts (id) on delete cascade,
  endpoint text not null,
  seconds int not null,
  capacity int not null,
  remaining int not null,
  resets_at timestamptz not null,
  seen_at timestamptz not null,
  constraint rate_windows_one_of_each
    unique nulls not distinct (x_app_id, account_id, endpoint, seconds),
  constraint rate_windows_within_capacity check (remaining between 0 and capacity)
);

comment on table private.rate_windows is
  'Rate windows that X told of and that were nearly used up.';

-- Serves: the foreign key to accounts, and an account's health.
create index rate_windows_account_id_idx on private.rate_windows (account_id);

alter table private.rate_windows enable row level security;

-- p_windows: [{account_id, endpoint, scope: account | app, seconds, limit, remaining, resets_at}]
create function service.record_rates(
  p_windows jsonb, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
begin
  insert into private.rate_windows as windows (
    x_app_id, account_id, endpoint, seconds, capacity, remaining, resets_at, seen_at
  )
  select distinct on (accounts.x_app_id, subject.account_id, seen.endpoint, seen.seconds)
    accounts.x_app_id, subject.account_id, seen.endpoint, seen.seconds, seen."limit",
    seen.remaining, seen.resets_at, p_now
  from jsonb_to_recordset(p_windows) as seen (
    account_id uuid, endpoint text, scope text, seconds int, "limit" int, remaining int,
    resets_at timestamptz
  )
  join public.accounts on accounts.id = seen.account_id
  cross join lateral (
    select case when seen.scope = 'account' then seen.account_id end as account_id
  ) as subject
  where seen.remaining <= seen."limit" and isfinite(seen.resets_at)
  order by
    accounts.x_app_id, subject.account_id, seen.endpoint, seen.seconds,
    seen.resets_at desc, seen.remaining
  on conflict on constraint rate_windows_one_of_each do update
  set
    capacity = excluded.capacity,
    -- Answers overtake each other: within one window the lowest is the latest.
    remaining = case
      when excluded.resets_at > windows.resets_at + interval '5 seconds' then excluded.remaining
      else least(windows.remaining, excluded.remaining)
    end,
    resets_at = greatest(windows.resets_at, excluded.resets_at),
    seen_at = excluded.seen_at;
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.record_rates(jsonb, timestamptz) is
  'Keeps what X said about rate windows that are nearly used up. Safe to repeat.';

-- What the accounts of an app sent in the last 24 hours, as Go counts: each in a window of its own.
create function private.app_sends(p_x_app_id uuid, p_now timestamptz)
returns table (sent int, ends_at timestamptz)
language sql
stable
set search_path = ''
as $$
  select coalesce(sum(lanes.sent_24_h), 0)::int, min(lanes.ends_24_h)
  from public.accounts
  join private.account_lanes as lanes on lanes.account_id = accounts.id
  where accounts.x_app_id = p_x_app_id and lanes.ends_24_h > p_now;
$$;

comment on function private.app_sends(uuid, timestamptz) is
  'Posts an app sent in 24 hours, and when the first of its accounts'' windows ends.';

-- By our own counts. Posts are sent against the limit of 24 hours and scheduled into the places of a
-- day (UTC): both are the app's. X names no 24 hours of an account, so that window has no limit.
create function private.own_rates(p_account_id uuid, p_now timestamptz)
returns table (
  scope text, endpoint text, seconds int, capacity int, used int, resets_at timestamptz
)
language sql
stable
set search_path = ''
as $$
  select
    own.scope, own.endpoint, own.seconds, own.capacity,
    case when own.ends_at > p_now then own.used else 0 end,
    case when own.ends_at > p_now then own.ends_at end
  from private.account_lanes as lanes
  join private.x_apps as apps on apps.id = lanes.x_app_id
  left join private.app_days as days
    on days.x_app_id = apps.id and days.day = (p_now at time zone 'UTC')::date
  cross join private.app_sends(lanes.x_app_id, p_now) as sends
  cross join lateral private.removal_room(p_account_id, p_now) as removals
  cross join lateral (
    values
      ('account', 'publish', 900, apps.posts_per_15_min, lanes.sent_15_min, lanes.ends_15_min),
      ('account', 'publish', 10800, apps.posts_per_3_h, lanes.sent_3_h, lanes.ends_3_h),
      ('account', 'publish', 86400, null, lanes.sent_24_h, lanes.ends_24_h),
      (
        'account', 'remove', 900, removals.capacity, removals.capacity - removals.room,
        removals.opens_at
      ),
      ('app', 'publish', 86400, apps.posts_per_day, sends.sent, sends.ends_at),
      (
        'app', 'schedule', 86400, apps.posts_per_day, coalesce(days.taken, 0),
        (date_trunc('day', p_now at time zone 'UTC') + interval '1 day') at time zone 'UTC'
      )
  ) as own (scope, endpoint, seconds, capacity, used, ends_at)
  where lanes.account_id = p_account_id;
$$;

comment on function private.own_rates(uuid, timestamptz) is
  'Rate windows of an account and its app as we count them; no capacity where X names none.';

-- What an account may still send, by our own counts and by what X said.
create function private.account_rates(p_account_id uuid, p_now timestamptz)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with windows as (
    select own.*, 'own' as source from private.own_rates(p_account_id, p_now) as own
    union all
    select
      case when seen.account_id is null then 'app' else 'account' end, seen.endpoint, seen.seconds,
      seen.capacity, seen.capacity - seen.remaining, seen.resets_at, 'network'
    from private.account_lanes as lanes
    join private.rate_windows as seen
      on seen.x_app_id = lanes.x_app_id
      and (seen.account_id = lanes.account_id or seen.account_id is null)
    where lanes.account_id = p_account_id and seen.resets_at > p_now
  )
  select jsonb_agg(
    jsonb_build_object(
      'scope', scope, 'endpoint', endpoint, 'seconds', seconds, 'limit', capacity, 'used', used,
      'remaining', capacity - least(used, capacity), 'resets_at', resets_at, 'source', source
    )
    order by source desc, scope, endpoint, seconds
  )
  from windows;
$$;

comment on function private.account_rates(uuid, timestamptz) is
  'Rate windows of an account and its app: [{scope, endpoint, seconds, limit, used, remaining, resets_at, source}].';
