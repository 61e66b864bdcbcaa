-- Readings: what workers read of segments is kept, and says when they are read next.
--
-- Saving is safe to repeat, and a late reading is as good as any.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
