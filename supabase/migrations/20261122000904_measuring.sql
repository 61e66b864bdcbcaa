-- Measuring: the segments of posts published lately join the queue.
--
-- Publishing leaves a note of them, and the tick takes it in.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.unmeasured_posts (
  id bigint generated always as identity primary key,
  post_id uuid not null
);

comment on table private.unmeasured_posts is
  'Posts that were published and are not measured yet. All that publishing does for analytics.';

alter table private.unmeasured_posts enable row level security;

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
