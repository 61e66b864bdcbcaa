-- Summaries: what callers read of the metrics of an account and of a post.
--
-- An account is read from its rollups by UTC days, a post from its metric rows.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
