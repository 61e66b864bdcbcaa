-- Settling: what X answered becomes state. Also what follows when it did not answer.
--
-- A result names its attempt (post, position, number), which is unique, so an answer that comes
-- late, after the lease lapsed, is still evidence and is adopted. A repeated settle finds the
-- attempt closed and changes nothing.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- A result, as workers report it and as the rescuer and the reconciler make it.
create type private.attempt_result as (
  post_id uuid,
  position smallint,
  number smallint,
  -- accepted | refused | retry | unknown
  outcome text,
  remote_id text,
  http_status smallint,
  error jsonb,
  sent_at timestamptz,
  -- Until when its lane, or all lanes of its app, send nothing.
  block_account_until timestamptz,
  block_app_until timestamptz
);

-- Ends the open attempts of results, or has them looked for, and hands back the results that did so,
-- each with the time at which its segment went out. A remote id belongs to one segment only: a second
-- claim on it is not adopted.
create function private.close_attempts(p_results private.attempt_result[], p_now timestamptz)
returns private.attempt_result[]
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  v_post_ids uuid[] := array(select post_id from unnest(p_results));
  v_remote_ids text[] := array(select remote_id from unnest(p_results) where outcome = 'accepted');
  v_closed private.attempt_result[];
begin
  with open as materialized (
    select
      results.*,
      -- What a later attempt finds may have come of an earlier one.
      case when number = 1 then live.sending_at else least(live.sending_at, (
        select min(attempts.sending_at)
        from public.publish_attempts as attempts
        where attempts.post_id = live.post_id and attempts.position = live.position
      )) end as begun_at
    from unnest(p_results) as results
    join private.live_attempts as live using (post_id, position, number)
    where live.post_id = any (v_post_ids)
      and (results.outcome <> 'unknown' or live.next_look_at is null)
  ), owned as (
    insert into private.remote_posts (network, remote_id, post_id, position)
    select distinct on (open.remote_id) 'x', open.remote_id, open.post_id, open.position
    from open
    left join private.remote_posts as taken
      on taken.network = 'x'
      and taken.remote_id = any (v_remote_ids)
      and taken.remote_id = open.remote_id
    where open.outcome = 'accepted' and taken.remote_id is null
    order by open.remote_id
    returning post_id, position
  )
  select array_agg(row(
    post_id, position, number, outcome, case outcome when 'accepted' then remote_id end, http_status,
    error, greatest(sent_at, begun_at), block_account_until, block_app_until
  )::private.attempt_result)
  into v_closed
  from open
  left join owned using (post_id, position)
  where open.outcome <> 'accepted' or owned.post_id is not null;

  perform private.record_attempts(v_closed, p_now);
  return v_closed;
end
$$;

comment on function private.close_attempts(private.attempt_result[], timestamptz) is
  'Applies results to their open attempts; returns those that had one. Others are left alone.';

-- An attempt is written once, when its outcome is known; again when "unknown" was not the end.
create function private.record_attempts(p_closed private.attempt_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  v_post_ids uuid[] := array(select post_id from unnest(p_closed) order by post_id);
begin
  with doubted as (
    update private.live_attempts as live
    set next_look_at = p_now + interval '15 seconds'
    from unnest(p_closed) as results
    where live.post_id = any (v_post_ids)
      and live.post_id = results.post_id and live.position = results.position
      and results.outcome = 'unknown'
    returning live.*
  ), ended as (
    delete from private.live_attempts as live
    using unnest(p_closed) as results
    where live.post_id = any (v_post_ids)
      and live.post_id = results.post_id and live.position = results.position
      and results.outcome <> 'unknown'
    returning live.*
  ), outcomes as materialized (
    select
      live.*, results.sent_at, results.http_status, results.remote_id,
      case results.outcome when 'retry' then 'abandoned' else results.outcome end as status,
      case when results.outcome <> 'accepted' then results.error end as error
    from unnest(p_closed) as results
    join (
      select *, false as is_recorded from doubted
      union all
      select *, next_look_at is not null from ended
    ) as live using (post_id, position)
  ), corrected as (
    update public.publish_attempts as attempts
    set
      status = outcomes.status, finished_at = p_now, sent_at = outcomes.sent_at,
      remote_id = outcomes.remote_id, http_status = outcomes.http_status, error = outcomes.error
    from outcomes
    where outcomes.is_recorded
      and attempts.post_id = any (v_post_ids)
      and attempts.post_id between v_post_ids[1] and v_post_ids[cardinality(v_post_ids)]
      and attempts.post_id = outcomes.post_id
      and attempts.position = outcomes.position
      and attempts.number = outcomes.number
  )
  insert into public.publish_attempts (
    post_id, position, number, workspace_id, account_id, status, sending_at, sent_at, finished_at,
    remote_id, http_status, error
  )
  select
    post_id, position, number, workspace_id, account_id, status, sending_at, sent_at, p_now,
    remote_id, http_status, error
  from outcomes
  where not is_recorded;
end
$$;

comment on function private.record_attempts(private.attempt_result[], timestamptz) is
  'Writes the attempts of results; unknown ones stay open and are looked for.';

create function private.mark_segments(p_closed private.attempt_result[])
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  v_post_ids uuid[] := array(select post_id from unnest(p_closed) order by post_id);
begin
  update public.post_segments as segments
  set
    status = case results.outcome
      when 'accepted' then 'published' when 'refused' then 'failed'
      when 'retry' then 'pending' else 'unconfirmed'
    end,
    remote_id = results.remote_id,
    published_at = case results.outcome when 'accepted' then results.sent_at end
  from unnest(p_closed) as results
  where segments.post_id = any (v_post_ids)
    and segments.post_id between v_post_ids[1] and v_post_ids[cardinality(v_post_ids)]
    and segments.post_id = results.post_id
    and segments.position = results.position;
end
$$;

comment on function private.mark_segments(private.attempt_result[]) is
  'Gives segments the status that the outcomes of their attempts mean.';

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
  with progress as (
    select
      segments.post_id,
      min(segments.published_at) filter (where segments.position = 0) as published_at,
      bool_and(segments.status = 'published') as is_complete,
      jsonb_agg(segments.remote_id order by segments.position)
        filter (where segments.remote_id is not null) as remote_ids
    from public.post_segments as segments
    where segments.post_id = any (v_post_ids)
      and segments.post_id between v_post_ids[1] and v_post_ids[cardinality(v_post_ids)]
    group by segments.post_id
  ), changed as (
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
    from progress
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

-- Rate windows close a lane; what concerns a whole X app opens its breaker.
create function private.apply_blocks(p_results private.attempt_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.account_lanes as lanes
  set blocked_until = greatest(lanes.blocked_until, blocks.until)
  from (
    select posts.account_id, max(results.block_account_until) as until
    from unnest(p_results) as results
    join public.posts on posts.id = results.post_id
    where results.block_account_until is not null
    group by posts.account_id
  ) as blocks
  where lanes.account_id = blocks.account_id;

  perform private.block_apps(p_results, p_now);
end
$$;

comment on function private.apply_blocks(private.attempt_result[], timestamptz) is
  'Keeps lanes, or all lanes of an app, closed until X will take posts again.';

-- X has something of a post that was gone. Its author asked for all of it to be deleted; whoever
-- deleted it on X by hand, which is noted in one moment with the request, is left to ask for more.
create function private.remove_found(p_post_id uuid, p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  insert into private.removals (post_id, account_id, workspace_id, next_try_at)
  select id, account_id, workspace_id, p_now
  from public.posts
  where id = p_post_id and unpublish_requested_at < coalesce(unpublished_at, 'infinity')
  on conflict (post_id) do nothing;

  update public.posts
  set unpublished_at = null
  where id = p_post_id and unpublished_at is not null;
$$;

comment on function private.remove_found(uuid, timestamptz) is
  'A segment of an unpublished post turned up on X: it is deleted, too.';

-- X has a segment whose attempt was closed as absent: nothing is sent again where that can still be
-- stopped. False when it cannot: it is on X already, being sent, or its author withdrew the post.
create function private.reopen_attempt(
  p_attempt public.publish_attempts, p_remote_id text, p_now timestamptz
)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  if exists (
    select from public.post_segments
    where post_id = p_attempt.post_id and position = p_attempt.position and status = 'published'
  ) or exists (
    select from private.live_attempts
    where post_id = p_attempt.post_id and position = p_attempt.position and next_look_at is null
  ) or exists (
    select from private.remote_posts where network = 'x' and remote_id = p_remote_id
  ) or exists (
    select from public.posts
    where id = p_attempt.post_id and status in ('draft', 'pending_approval', 'canceled')
  ) then
    return false;
  end if;

  update public.posts
  set status = 'scheduled', held_reason = null
  where id = p_attempt.post_id and status in ('held', 'missed', 'failed');
  update public.posts
  set status = 'publishing'
  where id = p_attempt.post_id and status in ('scheduled', 'partially_published');
  perform private.remove_found(p_attempt.post_id, p_now);
  perform private.reserve_posts(array[p_attempt.post_id], p_now, p_may_refuse => false);
  insert into private.live_attempts (
    post_id, position, number, account_id, workspace_id, go_id, sending_at, deadline_at, next_look_at
  )
  values (
    p_attempt.post_id, p_attempt.position, p_attempt.number, p_attempt.account_id,
    p_attempt.workspace_id, gen_random_uuid(), p_attempt.sending_at, p_now, p_now
  )
  on conflict (post_id, position) do update
  set number = excluded.number, sending_at = excluded.sending_at;
  return true;
end
$$;

comment on function private.reopen_attempt(public.publish_attempts, text, timestamptz) is
  'Makes a closed attempt the open one of its segment again, so that its answer is adopted.';

-- An answer to an attempt that was closed as "X does not have it": if X has it after all, the
-- promise was broken from outside, and a person must know.
create function private.record_late_answers(p_late private.attempt_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_result private.attempt_result;
  v_attempt public.publish_attempts;
begin
  foreach v_result in array p_late loop
    select * into v_attempt
    from public.publish_attempts
    where post_id = v_result.post_id
      and position = v_result.position
      and number = v_result.number
      and status in ('abandoned', 'refused', 'unknown');
    continue when not found;

    if not private.reopen_attempt(v_attempt, v_result.remote_id, p_now) then
      update public.publish_attempts
      set status = 'accepted', remote_id = v_result.remote_id, finished_at = p_now
      where post_id = v_result.post_id
        and position = v_result.position
        and number = v_result.number;
    end if;
    perform private.raise_alert(
      'accepted-after-absent', v_result.post_id::text,
      format(
        'X took segment %s of post %s as %s after it had been given up; the post has %s.',
        v_result.position, v_result.post_id, v_result.remote_id, coalesce(
          (
            select segments.remote_id
            from public.post_segments as segments
            where segments.post_id = v_result.post_id and segments.position = v_result.position
          ),
          'no other'
        )
      ),
      'Look at the account on X: the text may be there twice. See docs/architecture.md.', p_now
    );
  end loop;
end
$$;

comment on function private.record_late_answers(private.attempt_result[], timestamptz) is
  'Records answers to closed attempts; alerts when X took one that was given up as absent.';

-- Accepted, although no attempt of theirs was open.
create function private.late_answers(
  p_results private.attempt_result[], p_closed private.attempt_result[]
)
returns private.attempt_result[]
language sql
stable
set search_path = ''
as $$
  select array_agg(results)
  from unnest(p_results) as results
  left join unnest(p_closed) as closed using (post_id, position, number)
  where results.outcome = 'accepted'
    and closed.post_id is null
    and not exists (
      select from private.live_attempts as live
      where live.post_id = results.post_id
        and live.position = results.position
        and live.number = results.number
    );
$$;

comment on function private.late_answers(
  private.attempt_result[], private.attempt_result[]
) is 'Results by which X took a segment whose attempt was closed before; null when there are none.';

create function private.apply_results(
  p_results private.attempt_result[], p_pause interval, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_closed private.attempt_result[] := private.close_attempts(p_results, p_now);
  v_late private.attempt_result[];
  v_accepted uuid[];
  v_complete uuid[];
begin
  if cardinality(v_closed) is distinct from cardinality(p_results) then
    v_late := private.late_answers(p_results, v_closed);
    if v_late is not null then
      perform private.record_late_answers(v_late, p_now);
      v_closed := v_closed || private.close_attempts(v_late, p_now);
    end if;
  end if;

  perform private.mark_segments(v_closed);
  v_accepted := array(select post_id from unnest(v_closed) where outcome = 'accepted');
  v_complete := private.finish_posts(v_accepted, p_now);
  delete from private.publish_jobs where post_id = any (v_complete);
  if cardinality(v_complete) < cardinality(v_accepted) then
    perform private.continue_threads(v_accepted, p_pause, p_now);
  end if;
  if cardinality(v_accepted) < cardinality(v_closed) then
    perform private.stop_posts(array(
      select results from unnest(v_closed) as results where results.outcome <> 'accepted'
    ), p_now);
    perform private.pause_suspended_accounts(v_closed, p_now);
  end if;
  if exists (
    select from unnest(p_results) as results
    where results.block_account_until is not null or results.block_app_until is not null
  ) then
    perform private.apply_blocks(p_results, p_now);
  end if;
end
$$;

comment on function private.apply_results(private.attempt_result[], interval, timestamptz) is
  'Applies results of any outcome, all or none. The caller holds the lanes.';

-- After a batch was refused as a whole. Fails when every result is bad: then it is no single row.
create function private.apply_results_singly(
  p_results private.attempt_result[], p_pause interval, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_result private.attempt_result;
  v_failed int := 0;
  v_error text;
begin
  foreach v_result in array p_results loop
    begin
      perform private.apply_results(array[v_result], p_pause, p_now);
    exception
      when transaction_rollback or lock_not_available then
        raise;
      when others then
        v_error := sqlerrm;
        v_failed := v_failed + 1;
        perform private.raise_alert(
          'result-refused', v_result.post_id::text,
          format('A result of segment %s was refused: %s', v_result.position, v_error),
          'Nothing is sent again: the attempt is looked for on X. Report this as a fault of ours.',
          p_now
        );
    end;
  end loop;
  if v_failed = cardinality(p_results) then
    raise exception 'No result could be settled: %', v_error;
  end if;
end
$$;

comment on function private.apply_results_singly(
  private.attempt_result[], interval, timestamptz
) is 'Applies results one by one, so that a bad one keeps no other from being settled.';

-- p_also: lanes that the caller is going to change in the same transaction. They are locked here,
-- because lanes are locked at once and in one order. p_pause: between the segments of a thread.
create function private.settle_results(
  p_results private.attempt_result[], p_now timestamptz, p_also uuid[] default '{}',
  p_pause interval default interval '5 seconds'
)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_account_ids uuid[] := array(
    select coalesce(
      live.account_id, (select posts.account_id from public.posts where posts.id = results.post_id)
    )
    from unnest(p_results) as results
    left join private.live_attempts as live using (post_id, position)
  );
begin
  perform private.lock_lanes(v_account_ids || p_also);
  if cardinality(p_results) > 0 then
    begin
      perform private.apply_results(p_results, p_pause, p_now);
    exception
      when transaction_rollback or lock_not_available then
        raise;
      when others then
        perform private.apply_results_singly(p_results, p_pause, p_now);
    end;
    perform private.refresh_lanes(v_account_ids);
  end if;
end
$$;

comment on function private.settle_results(
  private.attempt_result[], timestamptz, uuid[], interval
) is 'Locks the lanes of results and applies them, whatever their outcome. Safe to repeat.';

-- p_lanes: [{account_id, claim_id, is_skipped}]. A skipped lane could not begin, for want of a usable
-- token say; it is left alone for longer than lanes are claimed ahead, so that nobody spins on it.
create function private.release_lanes(p_lanes jsonb, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_account_ids uuid[] := array(
    select done.account_id from jsonb_to_recordset(p_lanes) as done (account_id uuid)
  );
  v_held uuid[] := array(
    select lanes.account_id
    from jsonb_to_recordset(p_lanes) as done (account_id uuid, claim_id uuid)
    join private.account_lanes as lanes using (account_id)
    where lanes.account_id = any (v_account_ids)
      -- Said so that the index on claim_id is no choice: it would read all lanes of the claim for each.
      and (lanes.claim_id = done.claim_id) is true
  );
begin
  if p_lanes @> '[{"is_skipped": true}]' then
    update private.account_lanes as lanes
    set blocked_until = greatest(lanes.blocked_until, p_now + interval '10 seconds')
    from jsonb_to_recordset(p_lanes) as done (account_id uuid, is_skipped boolean)
    where done.is_skipped
      and lanes.account_id = done.account_id
      and lanes.account_id = any (v_held);
  end if;
  perform private.refresh_lanes('{}', v_held);
end
$$;

comment on function private.release_lanes(jsonb, timestamptz) is
  'Gives back lanes that their claims still hold; others are left alone. The caller holds the locks.';

-- All that a worker reports and asks for in one call, because each call costs: results to settle
-- ([{post_id, position, number, outcome, …}]), lanes that are done, and posts whose time has come
-- ([{post_id, claim_id}]). Repeated under the same p_go_id it changes nothing and answers alike.
create function service.advance(
  p_go_id uuid, p_go jsonb default '[]', p_results jsonb default '[]', p_release jsonb default '[]',
  p_pause interval default interval '5 seconds', p_lease interval default interval '30 seconds',
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '8s'
-- For all that is called from here: planning costs more than most of these statements.
set plan_cache_mode = force_generic_plan
as $$
declare
  v_wanted private.go_request[] := array(
    select wanted from jsonb_populate_recordset(null::private.go_request, p_go) as wanted
  );
  v_post_ids uuid[] := array(select post_id from unnest(v_wanted));
begin
  perform set_config('myposts.defers_broadcasts', 'on', true);
  perform private.settle_results(
    array(
      select results
      from jsonb_populate_recordset(null::private.attempt_result, p_results) as results
    ),
    p_now,
    array(
      select account_id from private.publish_jobs where post_id = any (v_post_ids)
      union all
      select account_id from jsonb_to_recordset(p_release) as done (account_id uuid)
    ),
    p_pause
  );
  if p_release <> '[]' then
    perform private.release_lanes(p_release, p_now);
  end if;
  perform set_config('myposts.defers_broadcasts', 'off', true);
  -- Callers change posts only while they hold the lane, so nothing moves from here on.
  if v_post_ids <> '{}' and not private.is_publishing_held() then
    perform private.start_attempts_safely(p_go_id, v_wanted, p_lease, p_now);
  end if;
  return jsonb_build_object(
    'now', p_now,
    'lease_ms', extract(epoch from p_lease) * 1000,
    'attempts', private.sending_batch(p_go_id, v_post_ids)
  );
end
$$;

comment on function service.advance(
  uuid, jsonb, jsonb, jsonb, interval, interval, timestamptz
) is 'Settles results, gives back lanes, and allows posts to be sent now: {now, lease_ms, attempts}.';
