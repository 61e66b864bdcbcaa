-- Folding: what waits in the dirty set is added to the rollups.
--
-- Folding only adds up, so any number of workers may fold, in any order, and a fold that is killed has
-- claimed nothing.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
