-- Counting: what metric rows count for, worked out when they are inserted.
--
-- Counters are cumulative, so a metric row counts for the difference to the row before it, and a row
-- that arrives late also changes what the row after it counts for. Those differences are worked out
-- under the lock of their post.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
