-- Outcomes: what results make of posts. They are finished, go on, stop or wait again, and are told.
--
-- A post follows from its segments, whatever order their answers come in.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- p_post_ids: in order, since their bounds keep the leaves of other months out of the plan.
create function private.segment_progress(p_post_ids uuid[])
returns table (post_id uuid, published_at timestamptz, is_complete boolean, remote_ids jsonb)
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
begin
  return query
  select
    segments.post_id,
    min(segments.published_at) filter (where segments.position = 0),
    bool_and(segments.status = 'published'),
    jsonb_agg(segments.remote_id order by segments.position)
      filter (where segments.remote_id is not null)
  from public.post_segments as segments
  where segments.post_id = any (p_post_ids)
    and segments.post_id between p_post_ids[1] and p_post_ids[cardinality(p_post_ids)]
  group by segments.post_id;
end
$$;

comment on function private.segment_progress(uuid[]) is
  'How far posts have come: when their first segment went out, whether all did, and as what.';

-- A thread with segments to come stays publishing while it goes on, and becomes partially_published
-- when the answer was late and the queue has to take it up again, or when its author has withdrawn it.
create function private.finish_posts(p_post_ids uuid[], p_now timestamptz)
returns uuid[]
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  v_post_ids uuid[] := array(select id from unnest(p_post_ids) as id order by id);
  v_complete uuid[];
begin
  with changed as (
    update public.posts
    set
      status = case
        when progress.is_complete then 'published'
        when posts.status = 'unconfirmed' or posts.unpublish_requested_at is not null
          then 'partially_published'
        else posts.status
      end,
      published_at = progress.published_at,
      failure = null,
      updated_at = p_now
    from private.segment_progress(v_post_ids) as progress
    where posts.id = any (v_post_ids)
      and posts.id between v_post_ids[1] and v_post_ids[cardinality(v_post_ids)]
      and posts.id = progress.post_id
    returning
      posts.id, posts.workspace_id, posts.account_id, posts.status, posts.scheduled_at,
      posts.published_at, progress.remote_ids
  ), told as (
    insert into public.events (
      workspace_id, type, subject_type, subject_id, actor_type, actor_id, data
    )
    select
      changed.workspace_id, 'post.' || changed.status, 'post', changed.id,
      case when actor.id is null then 'system' else 'user' end, actor.id,
      jsonb_build_object(
        'post_id', changed.id, 'account_id', changed.account_id, 'status', changed.status,
        'scheduled_at', changed.scheduled_at, 'published_at', changed.published_at,
        'remote_ids', changed.remote_ids,
        'late_ms', round(extract(epoch from changed.published_at - changed.scheduled_at) * 1000)
      )
    from changed, (select auth.uid() as id) as actor
    where changed.status in ('published', 'partially_published')
  )
  select array_agg(changed.id) into v_complete from changed where changed.status = 'published';
  return coalesce(v_complete, '{}');
end
$$;

comment on function private.finish_posts(uuid[], timestamptz) is
  'Sets status and published_at of posts from their segments and writes the events. Returns those that are complete.';

create function private.emit_outcomes(p_post_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- What listens to events would be called for none, too.
  if p_post_ids is null or p_post_ids = '{}' then
    return;
  end if;
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  select
    posts.workspace_id, 'post.' || posts.status, 'post', posts.id,
    jsonb_build_object(
      'post_id', posts.id, 'account_id', posts.account_id, 'status', posts.status,
      'scheduled_at', posts.scheduled_at, 'published_at', posts.published_at,
      'failure', posts.failure, 'held_reason', posts.held_reason
    )
  from public.posts
  where posts.id = any (p_post_ids);
end
$$;

comment on function private.emit_outcomes(uuid[]) is
  'Writes post.<status> for posts that just reached that status.';

-- Posts that wait from now on for another reason than before: the same answer again is no news, and
-- what our own workers were too slow for is sent again at once.
create function private.newly_waiting(p_closed private.attempt_result[])
returns uuid[]
language sql
stable
set search_path = ''
as $$
  select array(
    select posts.id
    from unnest(p_closed) as results
    join public.posts on posts.id = results.post_id
    where results.outcome = 'retry'
      and posts.published_at is null
      and results.error ->> 'slug' is distinct from posts.failure ->> 'slug'
      and results.error ->> 'slug' not in ('worker-ending', 'lease-too-short')
  );
$$;

comment on function private.newly_waiting(private.attempt_result[]) is
  'Which of the postponed posts have a cause their authors have not been told yet.';

-- What X has not taken, or not taken for certain: refused posts fail or stop where they are, unknown
-- ones are looked for before anything else happens, others wait again. A thread that has begun keeps
-- publishing while it waits; it cannot be canceled or go stale half way.
create function private.stop_posts(p_closed private.attempt_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_ended uuid[] := array(select post_id from unnest(p_closed) where outcome <> 'retry');
  v_waiting uuid[] := private.newly_waiting(p_closed);
begin
  update public.posts
  set
    status = case
      when results.outcome = 'unknown' then 'unconfirmed'
      when results.outcome = 'refused' and posts.published_at is null then 'failed'
      when results.outcome = 'refused' or posts.status = 'unconfirmed' and posts.published_at is not null
        then 'partially_published'
      when posts.published_at is null then 'scheduled'
      else posts.status
    end,
    failure = case when results.outcome <> 'retry' or results.error is not null
      then coalesce(results.error, '{}') || jsonb_build_object('segment', results.position)
    end,
    updated_at = p_now
  from unnest(p_closed) as results
  where posts.id = any (array(select post_id from unnest(p_closed))) and posts.id = results.post_id;

  delete from private.publish_jobs where post_id = any (v_ended);
  perform private.requeue_posts(array(
    select results from unnest(p_closed) as results where results.outcome = 'retry'
  ), p_now);
  perform private.forget_media(gone.post_ids, p_now)
  from (
    select array_agg(post_id) as post_ids
    from unnest(p_closed) as results
    where results.outcome = 'retry' and results.error ->> 'slug' = 'media-gone'
  ) as gone
  where gone.post_ids is not null;
  -- A thread that nobody was sure of and that goes on is told, too.
  perform private.emit_outcomes(v_ended || v_waiting || array(
    select posts.id
    from public.posts
    where posts.id = any (array(select post_id from unnest(p_closed) where outcome = 'retry'))
      and posts.status = 'partially_published'
  ));
end
$$;

comment on function private.stop_posts(private.attempt_result[], timestamptz) is
  'Refused, unknown and postponed posts: their status, their job and their event.';

-- A post that was not sent keeps its turn: the lane waits with it. One that nobody was sure of has let
-- others pass meanwhile, and goes before whatever is due later than it was: a worker that took those without
-- it is fenced off.
create function private.requeue_posts(p_closed private.attempt_result[], p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  insert into private.publish_jobs as jobs (
    post_id, account_id, workspace_id, run_at, stale_at, position
  )
  select
    posts.id, posts.account_id, posts.workspace_id,
    case when results.position = 0 then posts.scheduled_at else p_now end,
    case
      when posts.published_at is not null or posts.late_policy = 'publish' then 'infinity'
      else posts.scheduled_at + posts.late_after
    end,
    results.position
  from unnest(p_closed) as results
  join public.posts on posts.id = results.post_id
  where posts.id = any (array(select post_id from unnest(p_closed)))
  on conflict (post_id) do update
  set state = 'waiting';

  select private.take_up_media(array(select post_id from unnest(p_closed)), p_now);
  select private.reclaim_idle_lanes(array(
    select account_id from public.posts where id = any (array(select post_id from unnest(p_closed)))
  ));
$$;

comment on function private.requeue_posts(private.attempt_result[], timestamptz) is
  'The same segments wait again: nothing of these attempts is on X.';

-- The next segment of a thread waits its turn like a post of its own, p_pause later: what is due in
-- the lane meanwhile goes first, and no worker is held. A post without segments to send has no job.
create function private.continue_threads(p_post_ids uuid[], p_pause interval, p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  insert into private.publish_jobs as jobs (
    post_id, account_id, workspace_id, run_at, position
  )
  select posts.id, posts.account_id, posts.workspace_id, p_now + p_pause, following.position
  from (
    select segments.post_id, min(segments.position) as position
    from public.post_segments as segments
    where segments.post_id = any (p_post_ids) and segments.status = 'pending'
    group by segments.post_id
  ) as following
  join public.posts on posts.id = following.post_id
  where posts.unpublish_requested_at is null
  on conflict (post_id) do update
  set
    state = 'waiting', position = excluded.position, run_at = excluded.run_at, stale_at = 'infinity'
  where jobs.state = 'sending' or jobs.position < excluded.position;

  select private.take_up_media(p_post_ids, p_now);

  delete from private.publish_jobs as jobs
  where jobs.post_id = any (p_post_ids)
    and not exists (
      select from public.post_segments as segments
      where segments.post_id = jobs.post_id and segments.status = 'pending'
    );
$$;

comment on function private.continue_threads(uuid[], interval, timestamptz) is
  'After a segment was accepted: queues the next one, or ends the job.';
