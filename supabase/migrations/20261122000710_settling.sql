-- Settling: a batch of answers becomes state, and the worker is allowed what comes next.
--
-- Lanes are locked once and in one order. One bad result keeps no other from being settled: it is told of,
-- and its attempt is looked for on X.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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

-- What ended attempts make of their segments and posts.
create function private.apply_closed(
  p_closed private.attempt_result[], p_pause interval, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_accepted uuid[] := array(select post_id from unnest(p_closed) where outcome = 'accepted');
  v_complete uuid[];
begin
  perform private.mark_segments(p_closed);
  perform private.close_breakers(p_closed, p_now);
  v_complete := private.finish_posts(v_accepted, p_now);
  delete from private.publish_jobs where post_id = any (v_complete);
  if cardinality(v_complete) < cardinality(v_accepted) then
    perform private.continue_threads(v_accepted, p_pause, p_now);
  end if;
  if cardinality(v_accepted) < cardinality(p_closed) then
    perform private.stop_posts(array(
      select results from unnest(p_closed) as results where results.outcome <> 'accepted'
    ), p_now);
    perform private.pause_suspended_accounts(p_closed, p_now);
  end if;
end
$$;

comment on function private.apply_closed(private.attempt_result[], interval, timestamptz) is
  'Segments, posts, threads and breakers after attempts were closed. The caller holds the lanes.';

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
begin
  perform private.apply_closed(v_closed, p_pause, p_now);
  if cardinality(v_closed) is distinct from cardinality(p_results) then
    v_late := private.late_answers(p_results, v_closed);
  end if;
  if exists (select from unnest(v_closed) where number > 1) then
    v_late := v_late || private.answers_before(v_closed);
    perform private.tell_doubles(v_closed, p_now);
  end if;
  if v_late is not null then
    perform private.record_late_answers(v_late, p_now);
    perform private.apply_closed(private.close_attempts(v_late, p_now), p_pause, p_now);
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

-- After a batch was refused as a whole. What is bad is told of and handed back.
create function private.apply_results_singly(
  p_results private.attempt_result[], p_pause interval, p_now timestamptz
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_result private.attempt_result;
  v_refused jsonb := '[]';
begin
  foreach v_result in array p_results loop
    begin
      perform private.apply_results(array[v_result], p_pause, p_now);
    exception
      when transaction_rollback or lock_not_available then
        raise;
      when others then
        v_refused := v_refused || jsonb_build_object(
          'post_id', v_result.post_id, 'position', v_result.position, 'number', v_result.number,
          'detail', sqlerrm
        );
        perform private.raise_alert(
          'result-refused', v_result.post_id::text,
          format('A result of segment %s was refused: %s', v_result.position, sqlerrm),
          'Nothing is sent again: the attempt is looked for on X. Report this as a fault of ours.',
          p_now
        );
    end;
  end loop;
  return v_refused;
end
$$;

comment on function private.apply_results_singly(
  private.attempt_result[], interval, timestamptz
) is 'Applies results one by one, so that a bad one keeps no other from being settled. Returns the bad ones: [{post_id, position, number, detail}].';

-- p_also: lanes that the caller is going to change in the same transaction. They are locked here,
-- because lanes are locked at once and in one order. p_pause: between the segments of a thread.
create function private.try_results(
  p_results private.attempt_result[], p_now timestamptz, p_also uuid[], p_pause interval
)
returns jsonb
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
  v_refused jsonb := '[]';
begin
  perform private.lock_lanes(v_account_ids || p_also);
  if cardinality(p_results) > 0 then
    begin
      perform private.apply_results(p_results, p_pause, p_now);
    exception
      when transaction_rollback or lock_not_available then
        raise;
      when others then
        v_refused := private.apply_results_singly(p_results, p_pause, p_now);
    end;
    perform private.refresh_lanes(v_account_ids);
  end if;
  return v_refused;
end
$$;

comment on function private.try_results(
  private.attempt_result[], timestamptz, uuid[], interval
) is 'Locks the lanes of results and applies them, whatever their outcome. Safe to repeat. Returns what was refused.';

-- For whoever can do nothing with a refused result but fail: when every result is bad, it is no single row.
create function private.settle_results(p_results private.attempt_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_refused jsonb := private.try_results(p_results, p_now, '{}', interval '5 seconds');
begin
  if cardinality(p_results) > 0 and jsonb_array_length(v_refused) = cardinality(p_results) then
    raise exception 'No result could be settled: %', v_refused -> -1 ->> 'detail';
  end if;
end
$$;

comment on function private.settle_results(private.attempt_result[], timestamptz) is
  'Settles results that workers did not report themselves. Fails when not one could be.';

-- p_lanes: [{account_id, claim_id, is_skipped}]. A skipped lane could not begin, for want of a usable token.
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
    perform private.skip_lanes(array(
      select done.account_id
      from jsonb_to_recordset(p_lanes) as done (account_id uuid, is_skipped boolean)
      where done.is_skipped and done.account_id = any (v_held)
    ), p_now);
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
  v_refused jsonb;
begin
  perform set_config('myposts.defers_broadcasts', 'on', true);
  v_refused := private.try_results(
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
    'attempts', private.sending_batch(p_go_id, v_post_ids),
    'refused', v_refused
  );
end
$$;

comment on function service.advance(
  uuid, jsonb, jsonb, jsonb, interval, interval, timestamptz
) is 'Settles results, gives back lanes, and allows posts to be sent now: {now, lease_ms, attempts, refused: results that its worker keeps}.';
