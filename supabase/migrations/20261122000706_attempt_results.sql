-- Results: what an answer of X makes of the attempt and of its segment.
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
