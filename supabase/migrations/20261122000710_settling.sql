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
  -- For retry: when this post may be tried again, and how far its lane or its app are blocked.
  retry_at timestamptz,
  block_account_until timestamptz,
  block_app_until timestamptz
);

-- The next segment follows at once: under the worker's token when it still holds the job, through
-- the queue when the answer was late.
create function private.continue_threads(p_post_ids uuid[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  with following as (
    select segments.post_id, min(segments.position) as position
    from public.post_segments as segments
    where segments.post_id = any (p_post_ids) and segments.status = 'pending'
    group by segments.post_id
  )
  insert into private.publish_jobs as jobs (post_id, account_id, workspace_id, run_at, position)
  select posts.id, posts.account_id, posts.workspace_id, p_now, following.position
  from following
  join public.posts on posts.id = following.post_id
  on conflict (post_id) do update
  set
    state = case jobs.state when 'sending' then 'claimed' else jobs.state end,
    position = excluded.position,
    stale_at = 'infinity'
  where jobs.state = 'sending' or jobs.position < excluded.position;

  delete from private.publish_jobs as jobs
  where jobs.post_id = any (p_post_ids)
    and not exists (
      select from public.post_segments as segments
      where segments.post_id = jobs.post_id and segments.status = 'pending'
    );
end
$$;

comment on function private.continue_threads(uuid[], timestamptz) is
  'After a segment was accepted: moves the job to the next segment, or ends it.';

create function private.settle_accepted(p_results private.attempt_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  v_post_ids uuid[] := array(select distinct post_id from unnest(p_results));
begin
  with owned as (
    -- A remote id belongs to one segment only; a second claim on it is not adopted.
    insert into private.remote_posts (network, remote_id, post_id, position)
    select 'x', results.remote_id, results.post_id, results.position
    from unnest(p_results) as results
    join private.live_attempts as live using (post_id, position, number)
    where live.post_id = any (v_post_ids)
    on conflict do nothing
    returning remote_id, post_id, position
  ), ended as (
    delete from private.live_attempts as live
    using owned
    where live.post_id = any (v_post_ids)
      and live.post_id = owned.post_id
      and live.position = owned.position
    returning live.post_id, live.position, live.number, live.sending_at, owned.remote_id
  ), attempts as (
    update public.publish_attempts as attempts
    set
      status = 'accepted', remote_id = results.remote_id, http_status = results.http_status,
      sent_at = coalesce(results.sent_at, attempts.sent_at), finished_at = p_now, error = null
    from unnest(p_results) as results
    join ended using (post_id, position, number)
    where attempts.post_id = any (v_post_ids)
      and attempts.post_id = results.post_id
      and attempts.position = results.position
      and attempts.number = results.number
  ), segments as (
    update public.post_segments as segments
    set
      status = 'published', remote_id = ended.remote_id,
      published_at = coalesce(results.sent_at, ended.sending_at)
    from unnest(p_results) as results
    join ended using (post_id, position, number)
    where segments.post_id = any (v_post_ids)
      and segments.post_id = ended.post_id
      and segments.position = ended.position
    returning segments.post_id
  )
  select array_agg(distinct post_id) into v_post_ids from segments;

  perform private.finish_posts(v_post_ids, p_now);
  perform private.continue_threads(v_post_ids, p_now);
end
$$;

comment on function private.settle_accepted(private.attempt_result[], timestamptz) is
  'X has these segments: adopts their ids, ends the posts that are complete, goes on with threads.';

-- A thread with segments to come stays publishing while its worker goes on, and becomes
-- partially_published when the answer was late and the queue has to take it up again.
create function private.finish_posts(p_post_ids uuid[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
begin
  with progress as (
    select
      segments.post_id,
      min(segments.published_at) filter (where segments.position = 0) as published_at,
      bool_and(segments.status = 'published') as is_complete,
      jsonb_agg(segments.remote_id order by segments.position)
        filter (where segments.remote_id is not null) as remote_ids
    from public.post_segments as segments
    where segments.post_id = any (p_post_ids)
    group by segments.post_id
  ), changed as (
    update public.posts
    set
      status = case
        when progress.is_complete then 'published'
        when posts.status = 'unconfirmed' then 'partially_published'
        else posts.status
      end,
      published_at = progress.published_at,
      failure = null,
      updated_at = p_now
    from progress
    where posts.id = any (p_post_ids) and posts.id = progress.post_id
    returning
      posts.id, posts.workspace_id, posts.account_id, posts.status, posts.scheduled_at,
      posts.published_at, progress.remote_ids
  )
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  select
    changed.workspace_id, 'post.' || changed.status, 'post', changed.id,
    jsonb_build_object(
      'post_id', changed.id, 'account_id', changed.account_id, 'status', changed.status,
      'scheduled_at', changed.scheduled_at, 'published_at', changed.published_at,
      'remote_ids', changed.remote_ids,
      'late_ms', round(extract(epoch from changed.published_at - changed.scheduled_at) * 1000)
    )
  from changed
  where changed.status in ('published', 'partially_published');
end
$$;

comment on function private.finish_posts(uuid[], timestamptz) is
  'Sets status and published_at of posts from their segments and writes the events.';

-- Closes open attempts as p_status and hands back the results that did so.
create function private.close_attempts(
  p_results private.attempt_result[], p_status text, p_now timestamptz
)
returns private.attempt_result[]
language sql
set search_path = ''
set enable_seqscan = off
as $$
  with ended as (
    delete from private.live_attempts as live
    using unnest(p_results) as results
    where live.post_id = results.post_id
      and live.position = results.position
      and live.number = results.number
    returning live.post_id, live.position, live.number
  ), attempts as (
    update public.publish_attempts as attempts
    set
      status = p_status, http_status = results.http_status, error = results.error,
      sent_at = coalesce(results.sent_at, attempts.sent_at), finished_at = p_now
    from unnest(p_results) as results
    join ended using (post_id, position, number)
    where attempts.post_id = any (array(select post_id from ended))
      and attempts.post_id = results.post_id
      and attempts.position = results.position
      and attempts.number = results.number
  )
  select coalesce(array_agg(results), '{}')
  from unnest(p_results) as results
  join ended using (post_id, position, number);
$$;

comment on function private.close_attempts(private.attempt_result[], text, timestamptz) is
  'Ends open attempts that did not publish; returns their results. Closed ones are left alone.';

create function private.emit_outcomes(p_post_ids uuid[])
returns void
language sql
set search_path = ''
as $$
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
$$;

comment on function private.emit_outcomes(uuid[]) is
  'Writes post.<status> for posts that just reached that status.';

create function private.settle_refused(p_results private.attempt_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_closed private.attempt_result[] := private.close_attempts(p_results, 'refused', p_now);
  v_post_ids uuid[] := array(select post_id from unnest(v_closed));
begin
  update public.post_segments as segments
  set status = 'failed'
  from unnest(v_closed) as results
  where segments.post_id = any (v_post_ids)
    and segments.post_id = results.post_id
    and segments.position = results.position;

  update public.posts
  set
    status = case when posts.published_at is null then 'failed' else 'partially_published' end,
    failure = coalesce(results.error, '{}') || jsonb_build_object('segment', results.position),
    updated_at = p_now
  from unnest(v_closed) as results
  where posts.id = any (v_post_ids) and posts.id = results.post_id;

  delete from private.publish_jobs where post_id = any (v_post_ids);
  perform private.emit_outcomes(v_post_ids);
end
$$;

comment on function private.settle_refused(private.attempt_result[], timestamptz) is
  'X will not take these segments: the posts fail, or stop where they are.';

-- Nothing is on X because of these attempts, so the same segment is sent again later.
create function private.settle_retries(p_results private.attempt_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_closed private.attempt_result[] := private.close_attempts(p_results, 'abandoned', p_now);
  v_post_ids uuid[] := array(select post_id from unnest(v_closed));
begin
  update public.post_segments as segments
  set status = 'pending'
  where segments.post_id = any (v_post_ids) and segments.status in ('sending', 'unconfirmed');

  -- A thread that has begun keeps publishing; it cannot be canceled or go stale half way.
  update public.posts
  set
    status = case when published_at is null then 'scheduled' else 'partially_published' end,
    failure = null,
    updated_at = p_now
  where id = any (v_post_ids) and (published_at is null or status = 'unconfirmed');

  insert into private.publish_jobs as jobs (
    post_id, account_id, workspace_id, run_at, stale_at, position
  )
  select
    posts.id, posts.account_id, posts.workspace_id,
    coalesce(results.retry_at, p_now),
    case
      when posts.published_at is not null or posts.late_policy = 'publish' then 'infinity'
      else posts.scheduled_at + posts.late_after
    end,
    results.position
  from unnest(v_closed) as results
  join public.posts on posts.id = results.post_id
  where posts.id = any (v_post_ids)
  on conflict (post_id) do update
  set state = 'waiting', token = null, run_at = excluded.run_at;
end
$$;

comment on function private.settle_retries(private.attempt_result[], timestamptz) is
  'X said later, or nothing left the worker: the segments wait again.';

create function private.settle_unknown(p_results private.attempt_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_post_ids uuid[];
begin
  with opened as (
    update private.live_attempts as live
    set next_look_at = p_now + interval '15 seconds'
    from unnest(p_results) as results
    where live.post_id = results.post_id
      and live.position = results.position
      and live.number = results.number
      and live.next_look_at is null
    returning live.post_id, live.position, live.number
  ), attempts as (
    update public.publish_attempts as attempts
    set
      status = 'unknown', http_status = results.http_status, error = results.error,
      sent_at = coalesce(results.sent_at, attempts.sent_at), finished_at = p_now
    from unnest(p_results) as results
    join opened using (post_id, position, number)
    where attempts.post_id = any (array(select post_id from opened))
      and attempts.post_id = results.post_id
      and attempts.position = results.position
      and attempts.number = results.number
    returning attempts.post_id
  )
  select coalesce(array_agg(distinct post_id), '{}') into v_post_ids from attempts;

  update public.post_segments
  set status = 'unconfirmed'
  where post_id = any (v_post_ids) and status = 'sending';

  update public.posts
  set
    status = 'unconfirmed',
    failure = results.error || jsonb_build_object('segment', results.position),
    updated_at = p_now
  from unnest(p_results) as results
  where posts.id = any (v_post_ids) and posts.id = results.post_id;

  delete from private.publish_jobs where post_id = any (v_post_ids);
  perform private.emit_outcomes(v_post_ids);
end
$$;

comment on function private.settle_unknown(private.attempt_result[], timestamptz) is
  'Nobody knows whether X has these segments: they are looked for before anything else happens.';

-- Rate windows close a lane; exhausted credits close every lane of the app and alert.
create function private.apply_blocks(p_results private.attempt_result[], p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
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

  -- One outage brings results by the hundred: the first of a minute speaks for the others. Lanes that
  -- somebody works on are left to him: Go refuses them and their release finds the breaker.
  with opened as (
    update private.x_apps as apps
    set breaker_open_until = blocks.until, breaker_reason = blocks.reason
    from (
      select
        accounts.x_app_id, max(results.block_app_until) as until,
        max(results.error ->> 'detail') as reason, max(results.error ->> 'remedy') as remedy
      from unnest(p_results) as results
      join public.posts on posts.id = results.post_id
      join public.accounts on accounts.id = posts.account_id
      where results.block_app_until is not null
      group by accounts.x_app_id
    ) as blocks
    where apps.id = blocks.x_app_id
      and apps.breaker_open_until < blocks.until - interval '1 minute'
    returning apps.id, apps.breaker_open_until, apps.breaker_reason, blocks.remedy
  ), free as (
    select lanes.account_id, opened.breaker_open_until
    from opened
    join private.account_lanes as lanes on lanes.x_app_id = opened.id
    where lanes.ready_at < opened.breaker_open_until
    for update of lanes skip locked
  ), lanes as (
    update private.account_lanes as lanes
    set ready_at = free.breaker_open_until
    from free
    where lanes.account_id = free.account_id
  )
  select private.raise_alert(
    'x-app-blocked', opened.id::text,
    coalesce(opened.breaker_reason, 'The X app has used up a rate window.'),
    coalesce(opened.remedy, 'Nothing to do: sending goes on by itself.'), p_now
  )
  from opened;
$$;

comment on function private.apply_blocks(private.attempt_result[], timestamptz) is
  'Keeps lanes, or all lanes of an app, closed until X will take posts again.';

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
  insert into private.live_attempts (
    post_id, position, number, account_id, workspace_id, token, go_id, sending_at, deadline_at
  )
  values (
    p_attempt.post_id, p_attempt.position, p_attempt.number, p_attempt.account_id,
    p_attempt.workspace_id, 0, gen_random_uuid(), p_attempt.sending_at, p_now
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
create function private.record_late_answers(p_results private.attempt_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  v_late private.attempt_result[] := array(
    select results
    from unnest(p_results) as results
    where results.outcome = 'accepted'
      and (
        select live.number
        from private.live_attempts as live
        where live.post_id = results.post_id and live.position = results.position
      ) is distinct from results.number
  );
  v_result private.attempt_result;
  v_attempt public.publish_attempts;
begin
  foreach v_result in array v_late loop
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
      format('X took post %s as %s after it had been given up.', v_result.post_id, v_result.remote_id),
      'Look at the account on X: the text may be there twice. See docs/architecture.md.', p_now
    );
  end loop;
end
$$;

comment on function private.record_late_answers(private.attempt_result[], timestamptz) is
  'Records answers to closed attempts; alerts when X took one that was given up as absent.';

create function private.results_with(p_results private.attempt_result[], p_outcome text)
returns private.attempt_result[]
language sql
immutable
set search_path = ''
as $$
  select array_agg(results) from unnest(p_results) as results where results.outcome = p_outcome;
$$;

comment on function private.results_with(private.attempt_result[], text) is
  'The results of one outcome; null when there are none.';

create function private.apply_results(p_results private.attempt_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.record_late_answers(p_results, p_now);
  perform private.settle_accepted(accepted, p_now)
  from private.results_with(p_results, 'accepted') as accepted where accepted is not null;
  perform private.settle_refused(refused, p_now)
  from private.results_with(p_results, 'refused') as refused where refused is not null;
  perform private.settle_retries(retries, p_now)
  from private.results_with(p_results, 'retry') as retries where retries is not null;
  perform private.settle_unknown(unknown, p_now)
  from private.results_with(p_results, 'unknown') as unknown where unknown is not null;
  if exists (
    select from unnest(p_results) as results
    where results.block_account_until is not null or results.block_app_until is not null
  ) then
    perform private.apply_blocks(p_results, p_now);
  end if;
end
$$;

comment on function private.apply_results(private.attempt_result[], timestamptz) is
  'Applies results of any outcome, all or none. The caller holds the lanes.';

-- After a batch was refused as a whole. Fails when every result is bad: then it is no single row.
create function private.apply_results_singly(
  p_results private.attempt_result[], p_now timestamptz
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
      perform private.apply_results(array[v_result], p_now);
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

comment on function private.apply_results_singly(private.attempt_result[], timestamptz) is
  'Applies results one by one, so that a bad one keeps no other from being settled.';

-- p_also: lanes that the caller is going to change in the same transaction. They are locked here,
-- because lanes are locked at once and in one order.
create function private.settle_results(
  p_results private.attempt_result[], p_now timestamptz, p_also uuid[] default '{}'
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_account_ids uuid[] := array(
    select posts.account_id
    from public.posts
    where posts.id = any (array(select post_id from unnest(p_results)))
  );
begin
  perform private.lock_lanes(v_account_ids || p_also);
  begin
    perform private.apply_results(p_results, p_now);
  exception
    when transaction_rollback or lock_not_available then
      raise;
    when others then
      perform private.apply_results_singly(p_results, p_now);
  end;
  perform private.refresh_lanes(v_account_ids);
end
$$;

comment on function private.settle_results(private.attempt_result[], timestamptz, uuid[]) is
  'Locks the lanes of results and applies them, whatever their outcome. Safe to repeat.';

-- p_release: lanes that are done. p_skipped: lanes that could not begin, for want of a usable token
-- say; they are done for five seconds, so that nobody spins on them.
create function service.settle(
  p_results jsonb, p_claim_id uuid, p_release uuid[] default '{}', p_skipped uuid[] default '{}',
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '8s'
as $$
begin
  perform private.settle_results(
    array(select results from jsonb_populate_recordset(null::private.attempt_result, p_results) as results),
    p_now, p_release || p_skipped
  );
  if p_skipped <> '{}' then
    update private.account_lanes
    set blocked_until = greatest(blocked_until, p_now + interval '5 seconds')
    where claim_id = p_claim_id and account_id = any (p_skipped);
  end if;
  perform private.release_lanes(p_claim_id, p_release || p_skipped);
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.settle(jsonb, uuid, uuid[], uuid[], timestamptz) is
  'Settles results ([{post_id, position, number, outcome, …}]) and gives back lanes that are done.';
