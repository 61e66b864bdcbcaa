-- Rates: what X lets an account and an app send, and what happens when an app may send nothing.
--
-- Own counts are columns of the lane that Go changes anyway (private.start_attempts), so that a lane
-- closes before X has to answer 429, whether X sends headers or not. What headers tell is written
-- only when a window is nearly used up.
--
-- The breaker of an app opens when X refuses the app as a whole. Where X names an end, it closes by
-- itself. Where it does not (credits, a spending limit), one account tries every few minutes: a herd
-- would be refused as one. The first post that gets through closes it for all.

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

create table private.app_notices (
  x_app_id uuid not null references private.x_apps (id) on delete cascade,
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  primary key (x_app_id, workspace_id)
);

comment on table private.app_notices is
  'Workspaces that were told app.blocked and are to be told app.unblocked.';

-- Serves: the foreign key to workspaces.
create index app_notices_workspace_id_idx on private.app_notices (workspace_id);

alter table private.rate_windows enable row level security;
alter table private.app_notices enable row level security;

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

-- The breaker ----------

-- One outage brings results by the hundred: the first of a minute speaks for the others. A refusal of
-- the app itself (who: app) names no end; only the next probe knows.
create function private.open_breakers(p_results private.attempt_result[], p_now timestamptz)
returns uuid[]
language sql
set search_path = ''
as $$
  with blocks as (
    select
      accounts.x_app_id, max(results.block_app_until) as until,
      bool_or(results.error ->> 'who' = 'app') as is_refused,
      array_agg(accounts.id) as account_ids,
      max(results.error ->> 'detail') as reason, max(results.error ->> 'remedy') as remedy
    from unnest(p_results) as results
    join public.posts on posts.id = results.post_id
    join public.accounts on accounts.id = posts.account_id
    where results.block_app_until is not null
    group by accounts.x_app_id
  ), opened as (
    update private.x_apps as apps
    set
      breaker_open_until = case when blocks.is_refused then 'infinity' else blocks.until end,
      breaker_reason = coalesce(blocks.reason, 'The X app has used up a rate window.'),
      breaker_remedy = coalesce(blocks.remedy, 'Nothing to do: sending goes on by itself.'),
      probe_at = case when blocks.is_refused then blocks.until end,
      probe_account_id = null,
      watch_at = p_now
    from blocks
    where apps.id = blocks.x_app_id
      and (
        apps.breaker_open_until < blocks.until - interval '1 minute'
        or blocks.is_refused and apps.probe_account_id = any (blocks.account_ids)
      )
    returning apps.id
  )
  select array_agg(id) from opened;
$$;

comment on function private.open_breakers(private.attempt_result[], timestamptz) is
  'Opens the breakers of apps by which X took nothing. Returns the apps whose breaker says more than before; null for none.';

create function private.block_apps(p_results private.attempt_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_app_ids uuid[] := private.open_breakers(p_results, p_now);
begin
  if v_app_ids is null then
    return;
  end if;

  -- Lanes that somebody holds are left to him: Go refuses them and their release finds the breaker. When he is
  -- lost, the end of his lease has somebody else take and release them.
  update private.account_lanes as lanes
  set ready_at = free.breaker_open_until
  from (
    select lanes.account_id, apps.breaker_open_until
    from private.x_apps as apps
    join public.accounts on accounts.x_app_id = apps.id
    join private.account_lanes as lanes on lanes.account_id = accounts.id
    where apps.id = any (v_app_ids)
      and lanes.ready_at < apps.breaker_open_until
      and lanes.claim_id is null
    for update of lanes skip locked
  ) as free
  where lanes.account_id = free.account_id;
  perform private.raise_alert(
    'x-app-blocked', apps.id::text, apps.breaker_reason, apps.breaker_remedy, p_now
  )
  from private.x_apps as apps
  where apps.id = any (v_app_ids) and apps.workspace_id is null;
end
$$;

comment on function private.block_apps(private.attempt_result[], timestamptz) is
  'Keeps all lanes of an app closed until X takes posts again. Only the deployment''s own app alerts the operator.';

-- Told once per outage, to whom something waits.
create function private.announce_block(p_app private.x_apps)
returns void
language sql
set search_path = ''
as $$
  with told as (
    insert into private.app_notices (x_app_id, workspace_id)
    select distinct p_app.id, accounts.workspace_id
    from public.accounts
    where accounts.x_app_id = p_app.id
      and exists (select from private.publish_jobs as jobs where jobs.account_id = accounts.id)
    on conflict do nothing
    returning workspace_id
  )
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  select
    told.workspace_id, 'app.blocked', 'x_app', p_app.id,
    jsonb_build_object(
      'x_app_id', p_app.id, 'detail', p_app.breaker_reason, 'remedy', p_app.breaker_remedy,
      'until', case when isfinite(p_app.breaker_open_until) then p_app.breaker_open_until end
    )
  from told;
$$;

comment on function private.announce_block(private.x_apps) is
  'Tells workspaces whose posts wait for an app that X lets it send nothing.';

create function private.announce_unblock(p_x_app_id uuid)
returns void
language sql
set search_path = ''
as $$
  with told as (
    delete from private.app_notices where x_app_id = p_x_app_id returning workspace_id
  )
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  select
    told.workspace_id, 'app.unblocked', 'x_app', p_x_app_id,
    jsonb_build_object('x_app_id', p_x_app_id)
  from told;
  select private.clear_alert('x-app-blocked', p_x_app_id::text);
$$;

comment on function private.announce_unblock(uuid) is
  'Tells those who were told that an app is blocked that it is not any more.';

-- Another account than last time, if there is one: its own trouble must not keep the app closed.
create function private.start_probe(p_app private.x_apps, p_now timestamptz)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  v_account_id uuid;
begin
  select lanes.account_id into v_account_id
  from public.accounts
  join private.account_lanes as lanes on lanes.account_id = accounts.id
  where accounts.x_app_id = p_app.id
    and lanes.claim_id is null
    and lanes.closed_by = '{}'
    and lanes.blocked_until <= p_now
    and exists (
      select from private.publish_jobs as jobs
      where jobs.account_id = lanes.account_id
        and jobs.state = 'waiting'
        and jobs.media_ready
        and jobs.run_at <= p_now
        and jobs.stale_at > p_now
    )
  order by (lanes.account_id = p_app.probe_account_id) is true
  limit 1
  for update of lanes skip locked;

  update private.account_lanes set ready_at = p_now where account_id = v_account_id;
  return v_account_id;
end
$$;

comment on function private.start_probe(private.x_apps, timestamptz) is
  'Lets one account with a due post try whether X takes posts of its app; null when none has one.';

-- Lanes that found the breaker open while it closed are found by the calls that follow.
create function private.reopen_app_lanes(p_x_app_id uuid)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_account_ids uuid[];
begin
  select array_agg(account_id) into v_account_ids
  from (
    select lanes.account_id
    from public.accounts
    join private.account_lanes as lanes on lanes.account_id = accounts.id
    where accounts.x_app_id = p_x_app_id
      and lanes.ready_at = 'infinity'
      and lanes.claim_id is null
      and lanes.closed_by = '{}'
      and exists (
        select from private.publish_jobs as jobs
        where jobs.account_id = lanes.account_id and jobs.state = 'waiting' and jobs.media_ready
      )
    for update of lanes skip locked
  ) as waiting;
  perform private.refresh_lanes(v_account_ids);
  return coalesce(cardinality(v_account_ids), 0);
end
$$;

comment on function private.reopen_app_lanes(uuid) is
  'Puts the lanes of an app back in the queue after its breaker closed. Returns how many.';

create function private.watch_app(p_app private.x_apps, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_probe uuid;
  v_reopened int;
begin
  if p_app.breaker_open_until > p_now then
    perform private.announce_block(p_app);
    if p_app.probe_at <= p_now then
      v_probe := private.start_probe(p_app, p_now);
      p_app.probe_account_id := coalesce(v_probe, p_app.probe_account_id);
      p_app.probe_since := case when v_probe is null then p_app.probe_since else p_now end;
      -- A probe of which nothing is heard for a minute is given to another account.
      p_app.probe_at := p_now
        + case when v_probe is null then interval '15 seconds' else interval '1 minute' end;
    end if;
    update private.x_apps
    set
      probe_account_id = p_app.probe_account_id,
      probe_since = p_app.probe_since,
      probe_at = p_app.probe_at,
      watch_at = least(p_app.probe_at, p_app.breaker_open_until, p_now + interval '1 minute')
    where id = p_app.id;
    return;
  end if;

  v_reopened := private.reopen_app_lanes(p_app.id);
  perform private.announce_unblock(p_app.id);
  update private.x_apps
  set
    breaker_reason = null, breaker_remedy = null, probe_at = null, probe_account_id = null,
    -- Longer than any transaction that still saw the breaker open.
    watch_at = case
      when v_reopened > 0 or p_now < p_app.breaker_open_until + interval '15 seconds' then p_now
    end
  where id = p_app.id;
  if v_reopened > 0 then
    perform private.ring('publish', p_now => p_now);
  end if;
end
$$;

comment on function private.watch_app(private.x_apps, timestamptz) is
  'An app whose breaker is open, or has just closed: tells, probes, and puts lanes back.';

-- A post of a probe got through, so X takes posts of the app. Nothing else shows that: threads that stop,
-- and posts from before that are found at last, have the account's name, too. A worker's clock may be a
-- little behind.
create function private.close_breakers(p_closed private.attempt_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from private.x_apps where probe_account_id is not null) then
    update private.x_apps as apps
    set breaker_open_until = p_now, probe_account_id = null, watch_at = '-infinity'
    from unnest(p_closed) as results
    join public.posts on posts.id = results.post_id
    where results.outcome = 'accepted'
      and apps.probe_account_id = posts.account_id
      and apps.probe_since <= results.sent_at + interval '5 seconds';
  end if;
end
$$;

comment on function private.close_breakers(private.attempt_result[], timestamptz) is
  'Closes the breakers of apps by which a probe''s segment got through.';

-- Places are planned by day; posts that were late take none on the day they are sent. So apps whose
-- day is nearly full are counted: what their accounts sent, in the windows that X counts as well.
create function private.watch_day_caps(p_now timestamptz default clock_timestamp())
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_blocked int;
begin
  with crowded as (
    select distinct apps.id, apps.posts_per_day
    from private.app_days as days
    join private.x_apps as apps on apps.id = days.x_app_id
    where days.day >= (p_now at time zone 'UTC')::date - 1
      and days.day <= (p_now at time zone 'UTC')::date
      and days.taken >= apps.posts_per_day * 0.8
      and apps.breaker_open_until <= p_now
  ), spent as (
    select crowded.id, sends.ends_at as until
    from crowded
    cross join lateral private.app_sends(crowded.id, p_now) as sends
    where sends.sent >= crowded.posts_per_day
  )
  update private.x_apps as apps
  set
    breaker_open_until = spent.until,
    breaker_reason = 'The X app has sent as many posts in 24 hours as X lets it.',
    breaker_remedy = 'Nothing to do: sending goes on by itself. More X apps can send more.',
    watch_at = p_now
  from spent
  where apps.id = spent.id;
  get diagnostics v_blocked = row_count;
  return v_blocked;
end
$$;

comment on function private.watch_day_caps(timestamptz) is
  'Closes apps that have used up their 24 hours, before X has to say so. Returns how many.';

create function private.limits_tick(p_now timestamptz default clock_timestamp())
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_app private.x_apps;
  v_watched int := 0;
begin
  if not pg_try_advisory_xact_lock(hashtext('private.limits_tick')) then
    return 0;
  end if;
  perform private.watch_budgets(p_now);
  for v_app in
    select * from private.x_apps where watch_at <= p_now order by watch_at limit 50
    for update skip locked
  loop
    begin
      perform private.watch_app(v_app, p_now);
      perform private.clear_alert('app-watch-failed', v_app.id::text);
      v_watched := v_watched + 1;
    exception
      when others then
        perform private.raise_alert(
          'app-watch-failed', v_app.id::text, sqlerrm,
          'The app may stay blocked although X takes its posts.', p_now
        );
    end;
  end loop;
  return v_watched;
end
$$;

comment on function private.limits_tick(timestamptz) is
  'Every few seconds: budgets that are to be judged, and X apps that are blocked. Returns how many apps it looked at.';
