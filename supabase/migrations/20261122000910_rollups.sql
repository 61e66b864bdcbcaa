-- Rollups: what metric rows add up to per account, hour and day.
--
-- Counters are cumulative, so a metric row counts for the difference to the row before it, and a row
-- that arrives late also changes what the row after it counts for. Those differences are worked out
-- when rows are inserted, under the lock of their post, and wait in stat_increments: the dirty set.
-- Folding only adds them up, so any number of workers may fold, in any order, and a fold that is
-- killed has claimed nothing. No rollup is ever computed again from raw rows.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.account_stats_hourly (
  account_id uuid not null references public.accounts (id) on delete cascade,
  hour timestamptz not null,
  workspace_id uuid not null,
  posts int not null default 0,
  impressions bigint not null default 0,
  engagements bigint not null default 0,
  clicks bigint not null default 0,
  likes bigint not null default 0,
  reposts bigint not null default 0,
  replies bigint not null default 0,
  quotes bigint not null default 0,
  bookmarks bigint not null default 0,
  profile_clicks bigint not null default 0,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (account_id, hour)
) with (fillfactor = 80);

comment on table public.account_stats_hourly is
  'What each account gained in each hour: posts published and increments of their counters. Negative where X took counts back.';

-- Serves: the dashboard of a workspace, and the policy when a caller filters by nothing.
create index account_stats_hourly_workspace_id_hour_idx
  on public.account_stats_hourly (workspace_id, hour);

create table public.account_stats_daily (
  account_id uuid not null references public.accounts (id) on delete cascade,
  -- The UTC day. Days in the account's own zone are sums of hours.
  date date not null,
  workspace_id uuid not null,
  posts int not null default 0,
  impressions bigint not null default 0,
  engagements bigint not null default 0,
  clicks bigint not null default 0,
  likes bigint not null default 0,
  reposts bigint not null default 0,
  replies bigint not null default 0,
  quotes bigint not null default 0,
  bookmarks bigint not null default 0,
  profile_clicks bigint not null default 0,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (account_id, date)
) with (fillfactor = 80);

comment on table public.account_stats_daily is
  'What each account gained on each UTC day: posts published and increments of their counters.';

-- Serves: the dashboard of a workspace, and the policy when a caller filters by nothing.
create index account_stats_daily_workspace_id_date_idx
  on public.account_stats_daily (workspace_id, date);

create table private.stat_increments (
  id bigint generated always as identity primary key,
  account_id uuid not null,
  workspace_id uuid not null,
  hour timestamptz not null,
  posts int not null default 0,
  impressions bigint not null default 0,
  engagements bigint not null default 0,
  clicks bigint not null default 0,
  likes bigint not null default 0,
  reposts bigint not null default 0,
  replies bigint not null default 0,
  quotes bigint not null default 0,
  bookmarks bigint not null default 0,
  profile_clicks bigint not null default 0
);

comment on table private.stat_increments is
  'The dirty set: increments that no rollup holds yet. A row is deleted by the transaction that adds it.';

alter table public.account_stats_hourly enable row level security;
alter table public.account_stats_daily enable row level security;
alter table private.stat_increments enable row level security;

grant select on public.account_stats_hourly, public.account_stats_daily
  to authenticated, service_role;

create policy "members can read their accounts' hourly stats"
  on public.account_stats_hourly for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

create policy "members can read their accounts' daily stats"
  on public.account_stats_daily for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

-- Metric rows become increments ----------

-- What a metric row counts for, or by how much that changes.
create type private.metric_increment as (
  post_id uuid,
  account_id uuid,
  workspace_id uuid,
  timestamp timestamptz,
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

-- A metric row counts for its difference to the row before it. A new row therefore adds that, and a
-- known row behind new ones moves from "minus the last known row" to "minus the last row". All other
-- rows of a segment keep what they count for, so reading starts at the row before the first new one.
-- New rows are marked by grouping, and every look-up is by key: cost depends on how many rows are new,
-- whatever the statistics say.
create function private.increments_of(p_new public.post_analytics[])
returns setof private.metric_increment
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_nestloop = on
as $$
begin
  return query
  with segments as (
    select news.post_id, news.position, min(news.timestamp) as since
    from unnest(p_new) as news
    group by news.post_id, news.position
  ), found as (
    select news.*, true as is_new
    from unnest(p_new) as news
    union all
    select metrics.*, false
    from segments
    cross join lateral (
      select rows.*
      from public.post_analytics as rows
      where rows.post_id = segments.post_id
        and rows.position = segments.position
        and rows.timestamp >= coalesce(
          (
            select max(earlier.timestamp)
            from public.post_analytics as earlier
            where earlier.post_id = segments.post_id
              and earlier.position = segments.position
              and earlier.timestamp < segments.since
          ),
          segments.since
        )
    ) as metrics
  ), affected as (
    select
      post_id, position, timestamp, account_id, workspace_id, impressions, engagements, clicks,
      likes, reposts, replies, quotes, bookmarks, profile_clicks, bool_or(is_new) as is_new
    from found
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
  )
  select
    post_id, account_id, workspace_id, timestamp,
    case when is_new then impressions else lag(impressions, 1, 0::bigint) over known end
      - lag(impressions, 1, 0::bigint) over line,
    case when is_new then engagements else lag(engagements, 1, 0::bigint) over known end
      - lag(engagements, 1, 0::bigint) over line,
    case when is_new then clicks else lag(clicks, 1, 0::bigint) over known end
      - lag(clicks, 1, 0::bigint) over line,
    case when is_new then likes else lag(likes, 1, 0::bigint) over known end
      - lag(likes, 1, 0::bigint) over line,
    case when is_new then reposts else lag(reposts, 1, 0::bigint) over known end
      - lag(reposts, 1, 0::bigint) over line,
    case when is_new then replies else lag(replies, 1, 0::bigint) over known end
      - lag(replies, 1, 0::bigint) over line,
    case when is_new then quotes else lag(quotes, 1, 0::bigint) over known end
      - lag(quotes, 1, 0::bigint) over line,
    case when is_new then bookmarks else lag(bookmarks, 1, 0::bigint) over known end
      - lag(bookmarks, 1, 0::bigint) over line,
    case when is_new then profile_clicks else lag(profile_clicks, 1, 0::bigint) over known end
      - lag(profile_clicks, 1, 0::bigint) over line
  from affected
  window
    line as (partition by post_id, position order by timestamp),
    known as (partition by post_id, position, is_new order by timestamp);
end
$$;

comment on function private.increments_of(public.post_analytics[]) is
  'How much metric rows, just inserted, change what they and the rows after them count for.';

-- Joins are hashed: a loop over all increments for each of them would cost their square.
create function private.count_metrics(p_new public.post_analytics[])
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
begin
  with increments as materialized (
    select * from private.increments_of(p_new)
  ), counted as (
    insert into private.stat_increments (
      account_id, workspace_id, hour, impressions, engagements, clicks, likes, reposts, replies,
      quotes, bookmarks, profile_clicks
    )
    select
      account_id, workspace_id, date_trunc('hour', timestamp, 'UTC'), sum(impressions), sum(engagements),
      sum(clicks), sum(likes), sum(reposts), sum(replies), sum(quotes), sum(bookmarks),
      sum(profile_clicks)
    from increments
    group by account_id, workspace_id, date_trunc('hour', timestamp, 'UTC')
    having sum(
      abs(impressions) + abs(engagements) + abs(clicks) + abs(likes) + abs(reposts) + abs(replies)
        + abs(quotes) + abs(bookmarks) + abs(profile_clicks)
    ) > 0
  )
  update public.post_stats as stats
  set
    collected_at = greatest(stats.collected_at, totals.collected_at),
    impressions = stats.impressions + totals.impressions,
    engagements = stats.engagements + totals.engagements,
    clicks = stats.clicks + totals.clicks,
    likes = stats.likes + totals.likes,
    reposts = stats.reposts + totals.reposts,
    replies = stats.replies + totals.replies,
    quotes = stats.quotes + totals.quotes,
    bookmarks = stats.bookmarks + totals.bookmarks,
    profile_clicks = stats.profile_clicks + totals.profile_clicks
  from (
    select
      post_id, max(timestamp) as collected_at, sum(impressions) as impressions,
      sum(engagements) as engagements, sum(clicks) as clicks, sum(likes) as likes,
      sum(reposts) as reposts, sum(replies) as replies, sum(quotes) as quotes,
      sum(bookmarks) as bookmarks, sum(profile_clicks) as profile_clicks
    from increments
    group by post_id
  ) as totals
  where stats.post_id = any (array(select post_id from unnest(p_new)))
    and stats.post_id = totals.post_id;
end
$$;

comment on function private.count_metrics(public.post_analytics[]) is
  'Adds metric rows, just inserted, to post_stats and to the dirty set.';

create function private.lock_post_stats(p_post_ids uuid[])
returns bigint
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_locked bigint;
begin
  perform from public.post_stats as stats
  where stats.post_id = any (p_post_ids)
  order by stats.post_id
  for update;
  get diagnostics v_locked = row_count;
  return v_locked;
end
$$;

comment on function private.lock_post_stats(uuid[]) is
  'Locks stats rows in one order, so that batches cannot wait for each other. Returns how many.';

-- The lock of the post lets one transaction after the other look at the neighbours of its rows, each
-- seeing what the one before committed. Definer: whoever appends metric rows, they are counted.
create function private.tg_post_analytics__count_metrics()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_new public.post_analytics[] := array(select new_metrics from new_metrics);
  v_post_ids uuid[] := array(select distinct post_id from unnest(v_new) order by post_id);
begin
  if v_new = '{}' then
    return null;
  end if;
  if private.lock_post_stats(v_post_ids) < cardinality(v_post_ids) then
    perform private.start_post_stats(v_post_ids);
    perform private.lock_post_stats(v_post_ids);
  end if;
  perform private.count_metrics(v_new);
  return null;
end
$$;

create trigger post_analytics_after_insert_count_metrics
  after insert on public.post_analytics
  referencing new table as new_metrics
  for each statement execute function private.tg_post_analytics__count_metrics();

-- Definer: a post counts when its measuring starts, whoever published it.
create function private.tg_post_stats__count_posts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.stat_increments (account_id, workspace_id, hour, posts)
  select
    new_stats.account_id, new_stats.workspace_id, date_trunc('hour', new_stats.published_at, 'UTC'),
    count(*)
  from new_stats
  group by 1, 2, 3;
  return null;
end
$$;

create trigger post_stats_after_insert_count_posts
  after insert on public.post_stats
  referencing new table as new_stats
  for each statement execute function private.tg_post_stats__count_posts();

-- Folding ----------

create function private.fold_hours(p_increments private.stat_increments[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.account_stats_hourly as stats (
    account_id, hour, workspace_id, posts, impressions, engagements, clicks, likes, reposts,
    replies, quotes, bookmarks, profile_clicks, updated_at
  )
  select
    account_id, hour, workspace_id, sum(posts), sum(impressions), sum(engagements), sum(clicks),
    sum(likes), sum(reposts), sum(replies), sum(quotes), sum(bookmarks), sum(profile_clicks), p_now
  from unnest(p_increments) as increments
  group by account_id, hour, workspace_id
  order by account_id, hour
  on conflict (account_id, hour) do update
  set
    posts = stats.posts + excluded.posts,
    impressions = stats.impressions + excluded.impressions,
    engagements = stats.engagements + excluded.engagements,
    clicks = stats.clicks + excluded.clicks,
    likes = stats.likes + excluded.likes,
    reposts = stats.reposts + excluded.reposts,
    replies = stats.replies + excluded.replies,
    quotes = stats.quotes + excluded.quotes,
    bookmarks = stats.bookmarks + excluded.bookmarks,
    profile_clicks = stats.profile_clicks + excluded.profile_clicks,
    updated_at = excluded.updated_at;
end
$$;

comment on function private.fold_hours(private.stat_increments[], timestamptz) is
  'Adds increments to the hours they belong to, in one order, so that folds do not block each other.';

create function private.fold_days(p_increments private.stat_increments[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.account_stats_daily as stats (
    account_id, date, workspace_id, posts, impressions, engagements, clicks, likes, reposts,
    replies, quotes, bookmarks, profile_clicks, updated_at
  )
  select
    account_id, (hour at time zone 'UTC')::date, workspace_id, sum(posts), sum(impressions),
    sum(engagements), sum(clicks), sum(likes), sum(reposts), sum(replies), sum(quotes),
    sum(bookmarks), sum(profile_clicks), p_now
  from unnest(p_increments) as increments
  group by account_id, (hour at time zone 'UTC')::date, workspace_id
  order by account_id, (hour at time zone 'UTC')::date
  on conflict (account_id, date) do update
  set
    posts = stats.posts + excluded.posts,
    impressions = stats.impressions + excluded.impressions,
    engagements = stats.engagements + excluded.engagements,
    clicks = stats.clicks + excluded.clicks,
    likes = stats.likes + excluded.likes,
    reposts = stats.reposts + excluded.reposts,
    replies = stats.replies + excluded.replies,
    quotes = stats.quotes + excluded.quotes,
    bookmarks = stats.bookmarks + excluded.bookmarks,
    profile_clicks = stats.profile_clicks + excluded.profile_clicks,
    updated_at = excluded.updated_at;
end
$$;

comment on function private.fold_days(private.stat_increments[], timestamptz) is
  'Adds increments to the UTC days they belong to.';

-- One message per account: the days that changed, as they are now.
create function private.broadcast_stats(p_increments private.stat_increments[])
returns void
language sql
set search_path = ''
as $$
  select realtime.send(
    jsonb_build_object(
      'account_id', days.account_id,
      'days', jsonb_agg(to_jsonb(days) - 'account_id' - 'workspace_id' order by days.date)
    ),
    'stats', 'account:' || days.account_id, true
  )
  from public.account_stats_daily as days
  join (
    select distinct account_id, (hour at time zone 'UTC')::date as date
    from unnest(p_increments) as increments
  ) as changed using (account_id, date)
  group by days.account_id;
$$;

comment on function private.broadcast_stats(private.stat_increments[]) is
  'Sends the event stats on account:<id> for every account whose rollups changed.';

-- Webhook consumers get one event per account and hour at most: a reason to read the summary again.
create function private.announce_metrics(p_increments private.stat_increments[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_account_ids uuid[] := array(
    select distinct account_id
    from unnest(p_increments) as increments
    where increments.posts = 0
  );
begin
  if v_account_ids = '{}' then
    return;
  end if;
  perform private.lock_collection_lanes(v_account_ids);
  with announced as (
    update private.collection_lanes as lanes
    set announced_at = p_now
    where lanes.account_id = any (v_account_ids)
      and lanes.announced_at <= p_now - interval '1 hour'
    returning lanes.account_id, lanes.workspace_id
  )
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  select
    announced.workspace_id, 'metrics.updated', 'account', announced.account_id,
    jsonb_build_object('account_id', announced.account_id, 'updated_at', p_now)
  from announced;
end
$$;

comment on function private.announce_metrics(private.stat_increments[], timestamptz) is
  'Writes metrics.updated for accounts whose metrics moved, at most hourly per account.';

create function service.roll_up(
  p_limit int default 5000, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '8s'
as $$
declare
  v_claimed private.stat_increments[];
  v_increments private.stat_increments[];
begin
  with claimed as (
    delete from private.stat_increments
    where id = any (array(
      select id from private.stat_increments order by id limit p_limit for update skip locked
    ))
    returning *
  )
  select array_agg(claimed::private.stat_increments) into v_claimed from claimed;

  -- What is left of an account that was deleted belongs to nobody.
  select array_agg(increments) into v_increments
  from unnest(v_claimed) as increments
  join public.accounts on accounts.id = increments.account_id;

  perform private.fold_hours(v_increments, p_now);
  perform private.fold_days(v_increments, p_now);
  perform private.broadcast_stats(v_increments);
  perform private.announce_metrics(v_increments, p_now);
  return jsonb_build_object(
    'folded', coalesce(cardinality(v_claimed), 0),
    'is_empty', not exists (select from private.stat_increments)
  );
end
$$;

comment on function service.roll_up(int, timestamptz) is
  'Claims up to p_limit increments and adds them to the rollups in one transaction.';

-- Every few seconds. Posts published lately join the queue; with nothing to read and nothing to fold
-- nobody is called.
create function private.analytics_tick(p_now timestamptz default clock_timestamp())
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  perform private.measure_new_posts(p_now => p_now);
  delete from private.alerts
  where kind = 'metrics-blocked'
    and not exists (
      select from private.collection_lanes as lanes
      where lanes.x_app_id::text = alerts.subject
        and lanes.blocked_until > p_now and lanes.blocked_until < 'infinity'
    );

  if exists (select from private.stat_increments)
    or (
      exists (select from private.collection_lanes where ready_at <= p_now)
      and not private.is_publishing_held()
    )
  then
    return private.ring('analytics', 1, p_now);
  end if;
  return false;
end
$$;

comment on function private.analytics_tick(timestamptz) is
  'Takes in new posts, and rings analytics when metrics are due or not yet rolled up.';

-- Reading ----------

create function private.sum_days(p_account_id uuid, p_from date, p_to date)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select to_jsonb(totals) || jsonb_build_object(
    'engagement_rate', round(totals.engagements::numeric / nullif(totals.impressions, 0), 6)
  )
  from (
    select
      coalesce(sum(posts), 0) as posts,
      coalesce(sum(impressions), 0) as impressions,
      coalesce(sum(engagements), 0) as engagements,
      coalesce(sum(clicks), 0) as clicks,
      coalesce(sum(likes), 0) as likes,
      coalesce(sum(reposts), 0) as reposts,
      coalesce(sum(replies), 0) as replies,
      coalesce(sum(quotes), 0) as quotes,
      coalesce(sum(bookmarks), 0) as bookmarks,
      coalesce(sum(profile_clicks), 0) as profile_clicks
    from public.account_stats_daily as days
    where days.account_id = p_account_id and days.date >= p_from and days.date < p_to
  ) as totals;
$$;

comment on function private.sum_days(uuid, date, date) is
  'Totals of an account over UTC days, p_to excluded. Engagement rate is null without impressions.';

create function private.account_lateness(p_account_id uuid, p_from date, p_to date)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'posts', count(*),
    'p50', percentile_disc(0.5) within group (order by stats.late_ms),
    'p95', percentile_disc(0.95) within group (order by stats.late_ms),
    'p99', percentile_disc(0.99) within group (order by stats.late_ms)
  )
  from public.post_stats as stats
  where stats.account_id = p_account_id
    and stats.published_at >= p_from::timestamp at time zone 'UTC'
    and stats.published_at < p_to::timestamp at time zone 'UTC'
    and stats.late_ms is not null;
$$;

comment on function private.account_lateness(uuid, date, date) is
  'Percentiles of sent minus scheduled, in milliseconds, over posts published in a period.';

-- Days are UTC days, p_to is excluded; without them the last 30 days up to today. Growth compares
-- with as many days before: 0.25 is a quarter more, null where there was nothing to compare with.
create function public.get_account_summary(
  p_account_id uuid, p_from date default null, p_to date default null
)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_to date := coalesce(p_to, (now() at time zone 'UTC')::date + 1);
  v_from date := coalesce(p_from, v_to - 30);
  v_totals jsonb;
  v_previous jsonb;
begin
  if v_from >= v_to or v_to - v_from > 366 then
    perform private.refuse(422, 'period-invalid', 'from must be before to, at most 366 days.',
      'Send two dates such as from=2026-11-01&to=2026-12-01; the last day is excluded.');
  elsif not exists (select from public.accounts where id = p_account_id) then
    return null;
  end if;
  v_totals := private.sum_days(p_account_id, v_from, v_to);
  v_previous := private.sum_days(p_account_id, v_from - (v_to - v_from), v_from);
  return jsonb_build_object(
    'account_id', p_account_id, 'from', v_from, 'to', v_to,
    'totals', v_totals, 'previous', v_previous,
    'growth', (
      select jsonb_object_agg(
        name,
        round(
          ((v_totals ->> name)::numeric - (v_previous ->> name)::numeric)
            / nullif((v_previous ->> name)::numeric, 0), 6
        )
      )
      from jsonb_object_keys(v_totals) as name
    ),
    'lateness_ms', private.account_lateness(p_account_id, v_from, v_to)
  );
end
$$;

comment on function public.get_account_summary(uuid, date, date) is
  'Totals, engagement rate, growth and lateness of an account over UTC days; null when it is not the caller''s to see.';

-- The series adds up the segments: a step of one of them is a step of the post.
create function private.post_series(p_post_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with steps as (
    select
      timestamp,
      impressions - lag(impressions, 1, 0::bigint) over segment as impressions,
      engagements - lag(engagements, 1, 0::bigint) over segment as engagements,
      clicks - lag(clicks, 1, 0::bigint) over segment as clicks,
      likes - lag(likes, 1, 0::bigint) over segment as likes,
      reposts - lag(reposts, 1, 0::bigint) over segment as reposts,
      replies - lag(replies, 1, 0::bigint) over segment as replies,
      quotes - lag(quotes, 1, 0::bigint) over segment as quotes,
      bookmarks - lag(bookmarks, 1, 0::bigint) over segment as bookmarks,
      profile_clicks - lag(profile_clicks, 1, 0::bigint) over segment as profile_clicks
    from public.post_analytics
    where post_id = p_post_id
    window segment as (partition by position order by timestamp)
  ), series as (
    select
      timestamp,
      sum(sum(impressions)) over line as impressions,
      sum(sum(engagements)) over line as engagements,
      sum(sum(clicks)) over line as clicks,
      sum(sum(likes)) over line as likes,
      sum(sum(reposts)) over line as reposts,
      sum(sum(replies)) over line as replies,
      sum(sum(quotes)) over line as quotes,
      sum(sum(bookmarks)) over line as bookmarks,
      sum(sum(profile_clicks)) over line as profile_clicks
    from steps
    group by timestamp
    window line as (order by timestamp)
  )
  select coalesce(jsonb_agg(to_jsonb(series) order by timestamp), '[]') from series;
$$;

comment on function private.post_series(uuid) is
  'Cumulative counters of a post at each reading, summed over its segments.';

create function public.get_post_analytics(p_post_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'post_id', posts.id,
    'account_id', posts.account_id,
    'published_at', posts.published_at,
    'late_ms', stats.late_ms,
    'collected_at', stats.collected_at,
    'latest', to_jsonb(stats) - array[
      'post_id', 'workspace_id', 'account_id', 'published_at', 'late_ms', 'collected_at'
    ],
    'series', private.post_series(posts.id)
  )
  from public.posts
  left join public.post_stats as stats on stats.post_id = p_post_id
  where posts.id = p_post_id;
$$;

comment on function public.get_post_analytics(uuid) is
  'Latest counters and their series of a post; null when it is absent or not the caller''s to see.';

grant execute on function
  private.sum_days(uuid, date, date),
  private.account_lateness(uuid, date, date),
  private.post_series(uuid),
  public.get_account_summary(uuid, date, date),
  public.get_post_analytics(uuid)
to authenticated;
