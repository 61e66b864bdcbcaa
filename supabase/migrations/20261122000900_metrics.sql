-- Metrics: what X counts for each published segment, and when to read it again.
--
-- Counters are cumulative snapshots; X may correct them downwards. post_analytics is append-only and
-- keyed by what a reading is of and when it was made, so saving it twice adds nothing. The queue
-- mirrors publishing: an account is a lane, and a claim decides by and changes the lane's row alone.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.post_analytics (
  post_id uuid not null,
  -- Which segment of the post.
  position smallint not null default 0,
  timestamp timestamptz not null,
  workspace_id uuid not null,
  account_id uuid not null,
  impressions bigint not null,
  engagements bigint not null,
  clicks bigint not null,
  likes bigint not null default 0,
  reposts bigint not null default 0,
  replies bigint not null default 0,
  quotes bigint not null default 0,
  bookmarks bigint not null default 0,
  profile_clicks bigint not null default 0,
  source text not null default 'author',
  primary key (post_id, position, timestamp),
  constraint post_analytics_source_known check (source in ('author', 'public')),
  constraint post_analytics_timestamp_finite check (isfinite(timestamp)),
  constraint post_analytics_counters_not_negative check (
    least(
      impressions, engagements, clicks, likes, reposts, replies, quotes, bookmarks, profile_clicks
    ) >= 0
  )
) partition by range (post_id);

comment on table public.post_analytics is
  'Metric rows: cumulative counters of one segment at one moment. Append-only, partitioned like posts.';
comment on column public.post_analytics.clicks is 'Clicks on links in the segment.';
comment on column public.post_analytics.source is
  'author: all counters were disclosed. public: engagements, clicks and profile_clicks were not, and repeat the last known values.';

-- Serves: the export by time, and the policy when a caller filters by nothing.
create index post_analytics_workspace_id_timestamp_idx
  on public.post_analytics (workspace_id, timestamp);

create table public.post_stats (
  post_id uuid primary key,
  workspace_id uuid not null,
  account_id uuid not null,
  published_at timestamptz not null,
  -- Sent minus scheduled.
  late_ms bigint,
  -- The newest metric row that is counted here; null before the first.
  collected_at timestamptz,
  impressions bigint not null default 0,
  engagements bigint not null default 0,
  clicks bigint not null default 0,
  likes bigint not null default 0,
  reposts bigint not null default 0,
  replies bigint not null default 0,
  quotes bigint not null default 0,
  bookmarks bigint not null default 0,
  profile_clicks bigint not null default 0
) partition by range (post_id);

comment on table public.post_stats is
  'One row per published post: the latest counters, summed over its segments. Partitioned like posts.';

-- Serves: lateness percentiles and top posts of an account.
create index post_stats_account_id_published_at_idx
  on public.post_stats (account_id, published_at) include (late_ms);
-- Serves: the posts page of a workspace, and the policy when a caller filters by nothing.
create index post_stats_workspace_id_post_id_idx on public.post_stats (workspace_id, post_id desc);

create table private.collection_lanes (
  account_id uuid primary key references public.accounts (id) on delete cascade,
  workspace_id uuid not null,
  x_app_id uuid not null,
  -- When a worker may claim the lane: its first due segment, the end of a block, or of the lease.
  ready_at timestamptz not null default 'infinity',
  -- Infinity while the account has no usable tokens; the end of a rate window otherwise.
  blocked_until timestamptz not null default '-infinity',
  claim_id uuid,
  -- Segments due by then are the claim's batch.
  claimed_at timestamptz,
  -- When metrics.updated was last written for the account.
  announced_at timestamptz not null default '-infinity',
  constraint collection_lanes_claimed_iff_time check ((claim_id is null) = (claimed_at is null))
);

comment on table private.collection_lanes is
  'One row per account: when its metrics are read next, and who reads them. ready_at ends a lease.';

-- Serves: claim_collections and analytics_tick, by time.
create index collection_lanes_ready_at_idx on private.collection_lanes (ready_at);
-- Serves: the repeated call of one claim.
create index collection_lanes_claim_id_idx
  on private.collection_lanes (claim_id) where claim_id is not null;
-- Serves: a rate window or exhausted credits of an X app.
create index collection_lanes_x_app_id_idx on private.collection_lanes (x_app_id);

create table private.metric_schedules (
  post_id uuid not null,
  position smallint not null,
  account_id uuid not null references private.collection_lanes (account_id) on delete cascade,
  remote_id text not null,
  published_at timestamptz not null,
  next_collect_at timestamptz not null,
  -- Readings in a row that changed nothing, and in a row that X did not have the segment.
  unchanged_streak int not null default 0,
  missing_streak int not null default 0,
  primary key (post_id, position)
);

comment on table private.metric_schedules is
  'Segments whose metrics are still read. A row goes when the segment is too old or gone from X.';

-- Serves: the due segments of a lane, and its first one.
create index metric_schedules_account_id_next_collect_at_idx
  on private.metric_schedules (account_id, next_collect_at, post_id, position);

create table private.unmeasured_posts (
  id bigint generated always as identity primary key,
  post_id uuid not null
);

comment on table private.unmeasured_posts is
  'Posts that were published and are not measured yet. All that publishing does for analytics.';

alter table private.unmeasured_posts enable row level security;
alter table public.post_analytics enable row level security;
alter table public.post_stats enable row level security;
alter table private.collection_lanes enable row level security;
alter table private.metric_schedules enable row level security;

grant select on public.post_analytics, public.post_stats to authenticated, service_role;

create policy "members can read their workspace's metric rows"
  on public.post_analytics for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

create policy "members can read their workspace's post stats"
  on public.post_stats for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

insert into private.partition_policies (parent, owner, owner_column)
values
  ('public.post_analytics', 'public.posts', 'post_id'),
  ('public.post_stats', 'public.posts', 'post_id');

-- When to read ----------

-- X bills a post once per UTC day however often it is read, so the first day is read often and the
-- later ones cost one read each: about a dozen billed reads per segment in all. Counters only the
-- author may see end when a post is 30 days old. Two readings without a change skip a rung.
create function private.next_collection(
  p_published_at timestamptz, p_now timestamptz, p_unchanged int
)
returns timestamptz
language sql
immutable
parallel safe
set search_path = ''
as $$
  with rungs as (
    select p_published_at + rung as at
    from unnest(
      '{10s, 1min, 5min, 15min, 30min, 1h, 2h, 3h, 4h, 5h, 6h, 9h, 12h, 15h, 18h, 21h, 24h, 36h,
        48h, 60h, 72h, 96h, 120h, 144h, 168h, 336h, 504h, 696h}'::interval[]
    ) as rung
    where p_published_at + rung > p_now
  )
  select coalesce(
    (select at from rungs order by at offset least(p_unchanged / 2, 3) limit 1),
    (select max(at) from rungs)
  );
$$;

comment on function private.next_collection(timestamptz, timestamptz, int) is
  'When a segment''s metrics are read next, by its age; null when never again.';

create function private.lock_collection_lanes(p_account_ids uuid[])
returns void
language sql
set search_path = ''
as $$
  select count(*)
  from (
    select from private.collection_lanes
    where account_id = any (p_account_ids)
    order by account_id
    for update
  ) as locked;
$$;

comment on function private.lock_collection_lanes(uuid[]) is
  'Locks lanes in one order, so that batches cannot wait for each other.';

create function private.refresh_collection_lanes(p_account_ids uuid[])
returns void
language sql
set search_path = ''
as $$
  update private.collection_lanes as lanes
  set ready_at = greatest(lanes.blocked_until, coalesce(
    (
      select min(schedules.next_collect_at)
      from private.metric_schedules as schedules
      where schedules.account_id = lanes.account_id
    ),
    'infinity'
  ))
  where lanes.account_id = any (p_account_ids)
    and lanes.claim_id is null;
$$;

comment on function private.refresh_collection_lanes(uuid[]) is
  'Sets ready_at of free lanes from their first segment and their block.';

-- Reading needs tokens, not permission to publish: a paused account is still measured.
create function private.tg_accounts__keep_collection_lane()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.collection_lanes (account_id, workspace_id, x_app_id)
  values (new.id, new.workspace_id, new.x_app_id)
  on conflict (account_id) do nothing;

  perform private.lock_collection_lanes(array[new.id]);
  update private.collection_lanes
  set blocked_until = case
    when new.status in ('active', 'paused') then '-infinity' else 'infinity'
  end::timestamptz
  where account_id = new.id;
  perform private.refresh_collection_lanes(array[new.id]);
  return new;
end
$$;

create trigger accounts_after_insert_keep_collection_lane
  after insert on public.accounts
  for each row execute function private.tg_accounts__keep_collection_lane();

create trigger accounts_after_update_keep_collection_lane
  after update of status on public.accounts
  for each row when (old.status is distinct from new.status)
  execute function private.tg_accounts__keep_collection_lane();

insert into private.collection_lanes (account_id, workspace_id, x_app_id, blocked_until)
select
  accounts.id, accounts.workspace_id, accounts.x_app_id,
  case when accounts.status in ('active', 'paused') then '-infinity' else 'infinity' end::timestamptz
from public.accounts;

create function private.start_post_stats(p_post_ids uuid[])
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  insert into public.post_stats (post_id, workspace_id, account_id, published_at, late_ms)
  select
    posts.id, posts.workspace_id, posts.account_id, posts.published_at,
    round(extract(epoch from posts.published_at - posts.scheduled_at) * 1000)
  from public.posts
  where posts.id = any (p_post_ids) and posts.published_at is not null
  order by posts.id
  on conflict (post_id) do nothing;
end
$$;

comment on function private.start_post_stats(uuid[]) is
  'Makes the stats rows of published posts that have none.';

create function private.measure_posts(
  p_post_ids uuid[], p_now timestamptz default clock_timestamp()
)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  v_account_ids uuid[];
begin
  perform private.start_post_stats(p_post_ids);
  with added as (
    insert into private.metric_schedules (
      post_id, position, account_id, remote_id, published_at, next_collect_at
    )
    select
      segments.post_id, segments.position, posts.account_id, segments.remote_id,
      segments.published_at, greatest(segments.published_at + interval '10 seconds', p_now)
    from public.post_segments as segments
    join public.posts on posts.id = any (p_post_ids) and posts.id = segments.post_id
    join private.collection_lanes as lanes on lanes.account_id = posts.account_id
    where segments.post_id = any (p_post_ids)
      and segments.status = 'published'
    order by segments.post_id, segments.position
    on conflict (post_id, position) do nothing
    returning account_id
  )
  select array_agg(distinct account_id) into v_account_ids from added;

  perform private.lock_collection_lanes(v_account_ids);
  perform private.refresh_collection_lanes(v_account_ids);
end
$$;

comment on function private.measure_posts(uuid[], timestamptz) is
  'Starts measuring the published segments of posts. Safe to repeat.';

create function private.measure_new_posts(
  p_limit int default 5000, p_now timestamptz default clock_timestamp()
)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_post_ids uuid[];
begin
  with claimed as (
    delete from private.unmeasured_posts
    where id = any (array(
      select id from private.unmeasured_posts order by id limit p_limit for update skip locked
    ))
    returning post_id
  )
  select array_agg(distinct post_id) into v_post_ids from claimed;

  if v_post_ids is not null then
    perform private.measure_posts(v_post_ids, p_now);
  end if;
  return coalesce(cardinality(v_post_ids), 0);
end
$$;

comment on function private.measure_new_posts(int, timestamptz) is
  'Starts measuring posts published lately. Returns how many.';

-- Publishing only leaves a note: what analytics makes of it costs more, and must never fail a settle.
-- Definer: whoever publishes, the note is left.
create function private.tg_events__note_published()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.unmeasured_posts (post_id)
  select new_events.subject_id
  from new_events
  where new_events.type in ('post.published', 'post.partially_published');
  return null;
end
$$;

create trigger events_after_insert_note_published
  after insert on public.events
  referencing new table as new_events
  for each statement execute function private.tg_events__note_published();

-- Claim ----------

create function private.take_collection_lanes(
  p_claim_id uuid, p_limit int, p_lease interval, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
begin
  -- Lanes of an app whose credits are exhausted, or of a workspace whose budget is used up, step
  -- back, so that they hide no other lane.
  with blocked as (
    -- Nobody knows when there is money again; publishing finds out first.
    select
      lanes.account_id, apps.breaker_open_until > p_now as is_app_blocked,
      least(
        case when apps.breaker_open_until > p_now then apps.breaker_open_until end,
        p_now + interval '5 minutes'
      ) as until
    from private.collection_lanes as lanes
    join private.x_apps as apps on apps.id = lanes.x_app_id
    left join private.budgets on budgets.workspace_id = lanes.workspace_id
    where lanes.ready_at <= p_now
      and (
        apps.breaker_open_until > p_now
        or budgets.limit_micros <= private.budget_used(
          budgets.workspace_id, private.month_of((p_now at time zone 'UTC')::date)
        )
      )
    for update of lanes skip locked
  )
  update private.collection_lanes as lanes
  set
    blocked_until = case
      when blocked.is_app_blocked then greatest(lanes.blocked_until, blocked.until)
      else lanes.blocked_until
    end,
    ready_at = blocked.until, claim_id = null, claimed_at = null
  from blocked
  where lanes.account_id = blocked.account_id;

  with chosen as (
    select lanes.account_id
    from private.collection_lanes as lanes
    where lanes.ready_at <= p_now
    order by lanes.ready_at
    limit p_limit
    for update skip locked
  )
  update private.collection_lanes as lanes
  set claim_id = p_claim_id, claimed_at = p_now, ready_at = p_now + p_lease
  from chosen
  where lanes.account_id = chosen.account_id;
end
$$;

comment on function private.take_collection_lanes(uuid, int, interval, timestamptz) is
  'The claim itself: takes ready lanes, the longest ready first, skipping locked ones.';

create function private.collection_batch(p_claim_id uuid, p_per_lane int)
returns jsonb
language sql
stable
set search_path = ''
set enable_seqscan = off
as $$
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'account_id', lanes.account_id,
      'workspace_id', lanes.workspace_id,
      'x_app_id', lanes.x_app_id,
      'encrypted_tokens', tokens.encrypted_tokens,
      'tokens_expire_at', tokens.expires_at,
      'tokens_version', tokens.version,
      'segments', batch.segments
    )
    order by lanes.account_id
  ), '[]')
  from private.collection_lanes as lanes
  join private.account_tokens as tokens on tokens.account_id = lanes.account_id
  join lateral (
    select jsonb_agg(jsonb_build_object(
      'post_id', due.post_id, 'position', due.position, 'remote_id', due.remote_id
    )) as segments
    from (
      select schedules.post_id, schedules.position, schedules.remote_id
      from private.metric_schedules as schedules
      where schedules.account_id = lanes.account_id
        and schedules.next_collect_at <= lanes.claimed_at
      order by schedules.next_collect_at, schedules.post_id, schedules.position
      limit p_per_lane
    ) as due
  ) as batch on batch.segments is not null
  where lanes.claim_id = p_claim_id;
$$;

comment on function private.collection_batch(uuid, int) is
  'What a claim holds: accounts with their tokens and the segments to read.';

create function service.claim_collections(
  p_claim_id uuid, p_limit int default 50, p_per_lane int default 100,
  p_lease interval default interval '60 seconds',
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_accounts jsonb := '[]';
begin
  -- A restored database must not refresh tokens, and reading needs fresh ones.
  if not private.is_publishing_held() then
    if not exists (select from private.collection_lanes where claim_id = p_claim_id) then
      perform private.take_collection_lanes(p_claim_id, p_limit, p_lease, p_now);
    end if;
    v_accounts := private.collection_batch(p_claim_id, p_per_lane);
  end if;
  return jsonb_build_object(
    'now', p_now, 'lease_ms', extract(epoch from p_lease) * 1000, 'accounts', v_accounts
  );
end
$$;

comment on function service.claim_collections(uuid, int, int, interval, timestamptz) is
  'Claims accounts whose metrics are due, at most p_per_lane segments each; the same id returns the same batch.';

-- Save ----------

-- A reading as workers report it; counters the network did not disclose are null.
create type private.metric_reading as (
  post_id uuid,
  position smallint,
  timestamp timestamptz,
  -- read | missing
  outcome text,
  impressions bigint,
  engagements bigint,
  clicks bigint,
  likes bigint,
  reposts bigint,
  replies bigint,
  quotes bigint,
  bookmarks bigint,
  profile_clicks bigint
);

-- Readings of a late worker are as true as any: they are kept. Those of no published post are not.
create function private.insert_readings(p_readings private.metric_reading[])
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  insert into public.post_analytics (
    post_id, position, timestamp, workspace_id, account_id, impressions, engagements, clicks,
    likes, reposts, replies, quotes, bookmarks, profile_clicks, source
  )
  select
    readings.post_id, readings.position, readings.timestamp, posts.workspace_id, posts.account_id,
    readings.impressions,
    coalesce(readings.engagements, previous.engagements, 0),
    coalesce(readings.clicks, previous.clicks, 0),
    readings.likes, readings.reposts, readings.replies, readings.quotes, readings.bookmarks,
    coalesce(readings.profile_clicks, previous.profile_clicks, 0),
    case when readings.engagements is null then 'public' else 'author' end
  from unnest(p_readings) as readings
  join public.posts
    on posts.id = any (array(select post_id from unnest(p_readings)))
    and posts.id = readings.post_id
    and posts.published_at is not null
  left join lateral (
    select earlier.engagements, earlier.clicks, earlier.profile_clicks
    from public.post_analytics as earlier
    where earlier.post_id = readings.post_id
      and earlier.position = readings.position
      and earlier.timestamp < readings.timestamp
    order by earlier.timestamp desc
    limit 1
  ) as previous on true
  where readings.outcome = 'read'
  order by readings.post_id, readings.position, readings.timestamp
  on conflict do nothing;
end
$$;

comment on function private.insert_readings(private.metric_reading[]) is
  'Appends metric rows. What is there already stays as it is.';

-- Only the claim that holds the lane moves its schedule: a repeated or late save does not.
create function private.reschedule_readings(
  p_readings private.metric_reading[], p_claim_id uuid, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  with looked as (
    select
      schedules.post_id, schedules.position, schedules.published_at,
      case when readings.outcome = 'missing' then schedules.missing_streak + 1 else 0 end as missing,
      case
        when readings.outcome = 'missing' or latest.is_unchanged then schedules.unchanged_streak + 1
        else 0
      end as unchanged
    from unnest(p_readings) as readings
    join private.metric_schedules as schedules using (post_id, position)
    join private.collection_lanes as lanes
      on lanes.account_id = schedules.account_id and lanes.claim_id = p_claim_id
    left join lateral (
      select (earlier.impressions, earlier.engagements)
        = (readings.impressions, coalesce(readings.engagements, earlier.engagements)) as is_unchanged
      from public.post_analytics as earlier
      where earlier.post_id = readings.post_id
        and earlier.position = readings.position
        and earlier.timestamp < readings.timestamp
      order by earlier.timestamp desc
      limit 1
    ) as latest on true
  ), planned as materialized (
    select
      looked.*,
      -- X may hide a fresh post for a moment, so one look without it does not end the collection.
      case
        when looked.missing < 3
          then private.next_collection(looked.published_at, p_now, looked.unchanged)
      end as next_collect_at
    from looked
  ), ended as (
    delete from private.metric_schedules as schedules
    using planned
    where schedules.post_id = planned.post_id
      and schedules.position = planned.position
      and planned.next_collect_at is null
  )
  update private.metric_schedules as schedules
  set
    unchanged_streak = planned.unchanged,
    missing_streak = planned.missing,
    next_collect_at = planned.next_collect_at
  from planned
  where schedules.post_id = planned.post_id
    and schedules.position = planned.position
    and planned.next_collect_at is not null;
end
$$;

comment on function private.reschedule_readings(private.metric_reading[], uuid, timestamptz) is
  'Sets when segments are read next; ends those that are too old or gone from X.';

-- Credits are exhausted or the app's rate window is: no lane of the app reads until then. Publishing
-- is left alone, it learns the same from its own answers.
create function private.block_collection_apps(p_released jsonb, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_app record;
begin
  for v_app in
    select lanes.x_app_id, max(released.blocked_until) as until, max(released.detail) as detail
    from jsonb_to_recordset(p_released) as released (
      account_id uuid, scope text, blocked_until timestamptz, detail text
    )
    join private.collection_lanes as lanes using (account_id)
    where released.scope = 'app' and released.blocked_until is not null
    group by lanes.x_app_id
    order by lanes.x_app_id
  loop
    perform private.lock_collection_lanes(array(
      select account_id from private.collection_lanes where x_app_id = v_app.x_app_id
    ));
    update private.collection_lanes as lanes
    set
      blocked_until = greatest(lanes.blocked_until, v_app.until),
      ready_at = greatest(lanes.ready_at, v_app.until)
    where lanes.x_app_id = v_app.x_app_id;
    perform private.raise_alert(
      'metrics-blocked', v_app.x_app_id::text, coalesce(v_app.detail, 'The X app may not read.'),
      'Add credits to the X developer account if they are exhausted; a rate window ends by itself.',
      p_now
    );
  end loop;
end
$$;

comment on function private.block_collection_apps(jsonb, timestamptz) is
  'Keeps all lanes of an X app from reading metrics until the app may call again, and alerts.';

-- p_released: [{account_id, scope: account | app, blocked_until, detail}]
create function private.release_collections(
  p_claim_id uuid, p_released jsonb, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_account_ids uuid[];
begin
  perform private.block_collection_apps(p_released, p_now);
  perform private.lock_collection_lanes(array(
    select account_id from jsonb_to_recordset(p_released) as released (account_id uuid)
  ));
  with freed as (
    update private.collection_lanes as lanes
    set
      claim_id = null, claimed_at = null,
      blocked_until = greatest(lanes.blocked_until, released.blocked_until)
    from jsonb_to_recordset(p_released) as released (account_id uuid, blocked_until timestamptz)
    where lanes.account_id = released.account_id
      and lanes.claim_id = p_claim_id
    returning lanes.account_id
  )
  select array_agg(account_id) into v_account_ids from freed;
  perform private.refresh_collection_lanes(v_account_ids);
end
$$;

comment on function private.release_collections(uuid, jsonb, timestamptz) is
  'Gives back lanes a claim still holds, blocked for a while where X said so.';

-- p_readings: [{post_id, position, timestamp, outcome: read | missing, impressions, …}]
create function service.save_metrics(
  p_readings jsonb, p_claim_id uuid, p_released jsonb default '[]',
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '8s'
as $$
declare
  v_readings private.metric_reading[] := array(
    select readings
    from jsonb_populate_recordset(null::private.metric_reading, p_readings) as readings
  );
begin
  perform private.log_reads(
    array_agg(schedules.account_id), array_agg(schedules.remote_id), p_now
  )
  from unnest(v_readings) as readings
  join private.metric_schedules as schedules using (post_id, position)
  where readings.outcome = 'read'
  having count(*) > 0;
  perform private.reschedule_readings(v_readings, p_claim_id, p_now);
  perform private.insert_readings(v_readings);
  perform private.release_collections(p_claim_id, p_released, p_now);
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.save_metrics(jsonb, uuid, jsonb, timestamptz) is
  'Stores readings, schedules the next ones and gives back lanes. Safe to repeat.';

select private.create_leaves_ahead();
