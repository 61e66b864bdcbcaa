-- Settling deliveries: what receivers answered becomes state, and what they did not answer. Also the
-- heartbeat.
--
-- A result names its attempt (delivery, number). What arrived, arrived, however late it is told; a late
-- failure leaves alone what another attempt does. Plans and indexes are as in the claim.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- A result, as a worker reports it.
create type private.delivery_result as (
  delivery_id uuid,
  endpoint_id uuid,
  number int,
  -- delivered | retry | failed | gone
  outcome text,
  http_status smallint,
  error text,
  response text,
  started_at timestamptz,
  duration_ms int,
  -- For retry: how long to wait; and how long the endpoint wants to be left alone.
  retry_after_ms bigint,
  pause_ms bigint,
  -- The endpoint was never asked: it is not blamed, and no try of its schedule is spent.
  is_our_fault boolean
);

-- Writes the log; hands back what was not known before, one result per delivery: success counts
-- above all, unless the delivery was replayed since, then the latest attempt.
create function private.record_attempts(p_results private.delivery_result[])
returns private.delivery_result[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_fresh private.delivery_result[];
begin
  with recorded as (
    insert into public.webhook_attempts as attempts (
      delivery_id, number, workspace_id, outcome, http_status, error, response, started_at,
      duration_ms
    )
    select
      results.delivery_id, results.number, deliveries.workspace_id,
      case results.outcome when 'delivered' then 'delivered' else 'failed' end,
      results.http_status, results.error, results.response, results.started_at,
      results.duration_ms
    from unnest(p_results) as results
    join public.webhook_deliveries as deliveries on deliveries.id = results.delivery_id
    on conflict (delivery_id, number) do update
    set
      outcome = excluded.outcome, http_status = excluded.http_status, error = excluded.error,
      response = excluded.response, started_at = excluded.started_at,
      duration_ms = excluded.duration_ms
    where attempts.outcome = 'lost'
    returning attempts.delivery_id, attempts.number
  ), deciding as (
    select distinct on (results.delivery_id) results
    from unnest(p_results) as results
    join recorded
      on recorded.delivery_id = results.delivery_id and recorded.number = results.number
    left join private.delivery_jobs as jobs on jobs.delivery_id = results.delivery_id
    order by
      results.delivery_id,
      results.outcome = 'delivered' and results.number > coalesce(jobs.replayed_after, 0) desc,
      results.number desc
  )
  select array_agg(deciding.results) into v_fresh from deciding;
  return v_fresh;
end
$$;

comment on function private.record_attempts(private.delivery_result[]) is
  'Logs attempts; returns the results that decide, null when all were known before.';

-- What arrived, arrived: a late success counts whoever holds the job, unless it was known to have arrived
-- and was asked for once more since. A late failure does not.
create function private.end_jobs(p_results private.delivery_result[])
returns table (delivery_id uuid, number int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  return query
  delete from private.delivery_jobs as jobs
  using unnest(p_results) as results
  where jobs.delivery_id = results.delivery_id
    and results.number > jobs.replayed_after
    and (
      results.outcome = 'delivered'
      or (results.outcome in ('failed', 'gone') and jobs.number = results.number)
    )
  returning jobs.delivery_id, jobs.number;
end
$$;

comment on function private.end_jobs(private.delivery_result[]) is
  'Removes the jobs that results end. Returns their deliveries, each with its latest attempt.';

create function private.postpone_jobs(p_results private.delivery_result[], p_now timestamptz)
returns table (delivery_id uuid, run_at timestamptz)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  return query
  update private.delivery_jobs as jobs
  set
    claim_id = null,
    worker_id = null,
    claimed_at = null,
    failure_count = jobs.failure_count + case when results.is_our_fault then 0 else 1 end,
    run_at = p_now + results.retry_after_ms * interval '1 millisecond'
  from unnest(p_results) as results
  where jobs.delivery_id = results.delivery_id
    and jobs.number = results.number
    and results.number > jobs.replayed_after
    and results.outcome = 'retry'
  returning jobs.delivery_id, jobs.run_at;
end
$$;

comment on function private.postpone_jobs(private.delivery_result[], timestamptz) is
  'Lets the jobs of results wait for their next try. Returns when that is.';

create function private.settle_jobs(p_results private.delivery_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  with ended as materialized (
    select * from private.end_jobs(p_results)
  ), postponed as materialized (
    select * from private.postpone_jobs(p_results, p_now)
  ), changes as (
    select
      results.delivery_id,
      -- The latest that was handed out: a replay never gives its number to another attempt.
      greatest(results.number, ended.number) as number,
      postponed.run_at,
      case
        when ended.delivery_id is not null and results.outcome <> 'delivered' then 'failed'
        when results.outcome = 'delivered' and not exists (
          select from private.delivery_jobs as jobs
          where jobs.delivery_id = results.delivery_id and jobs.replayed_after >= results.number
        ) then 'delivered'
      end as status,
      case results.outcome when 'gone' then 'gone' else 'exhausted' end as failure
    from unnest(p_results) as results
    left join ended on ended.delivery_id = results.delivery_id
    left join postponed on postponed.delivery_id = results.delivery_id
  )
  update public.webhook_deliveries as deliveries
  set
    attempt_count = greatest(deliveries.attempt_count, changes.number),
    status = coalesce(changes.status, deliveries.status),
    failure = case
      when changes.status = 'failed' then changes.failure
      when changes.status is null then deliveries.failure
    end,
    next_attempt_at = case
      when changes.status is null then coalesce(changes.run_at, deliveries.next_attempt_at)
    end,
    finished_at = case when changes.status is null then deliveries.finished_at else p_now end
  from changes
  where deliveries.id = changes.delivery_id;
end
$$;

comment on function private.settle_jobs(private.delivery_result[], timestamptz) is
  'Ends or postpones the jobs of results, and their deliveries.';

-- Failing means every attempt since; one success ends it, and so does a pause in which nothing was
-- tried: 27 hours are longer than any wait between two tries.
create function private.note_failing(p_results private.delivery_result[], p_now timestamptz)
returns table (endpoint_id uuid, failing_since timestamptz, is_gone boolean)
language plpgsql
set search_path = ''
as $$
begin
  return query
  with verdicts as (
    select
      results.endpoint_id,
      bool_or(results.outcome = 'delivered') as has_delivered,
      bool_or(results.outcome = 'gone') as is_gone,
      count(*)::int as result_count
    from unnest(p_results) as results
    where results.is_our_fault is not true
    group by results.endpoint_id
  ), spells as (
    select
      verdicts.*,
      not verdicts.has_delivered
        and coalesce(endpoints.last_failed_at > p_now - interval '27 hours', false) as goes_on
    from verdicts
    join public.webhook_endpoints as endpoints on endpoints.id = verdicts.endpoint_id
    where not verdicts.has_delivered or endpoints.failing_since is not null or verdicts.is_gone
  )
  update public.webhook_endpoints as endpoints
  set
    failing_since = case
      when spells.goes_on then endpoints.failing_since
      when not spells.has_delivered then p_now
    end,
    last_failed_at = case when not spells.has_delivered then p_now end,
    failure_count = case
      when spells.goes_on then endpoints.failure_count + spells.result_count
      when not spells.has_delivered then spells.result_count
      else 0
    end,
    warned_at = case when spells.goes_on then endpoints.warned_at end
  from spells
  where endpoints.id = spells.endpoint_id
  returning endpoints.id, endpoints.failing_since, spells.is_gone;
end
$$;

comment on function private.note_failing(private.delivery_result[], timestamptz) is
  'Keeps since when endpoints fail, and how often. Returns those whose health changed.';

-- A day of failing is told, five days of it disable, and so does a 410.
create function private.judge_endpoints(p_results private.delivery_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_gone uuid[];
  v_failed uuid[];
  v_failing uuid[];
begin
  select
    array_agg(noted.endpoint_id) filter (where noted.is_gone),
    array_agg(noted.endpoint_id) filter (where noted.failing_since <= p_now - interval '5 days'),
    array_agg(noted.endpoint_id) filter (where noted.failing_since <= p_now - interval '1 day')
  into v_gone, v_failed, v_failing
  from private.note_failing(p_results, p_now) as noted;

  if v_gone is not null then
    perform private.disable_webhook_endpoints(v_gone, 'gone');
  end if;
  if v_failed is not null then
    perform private.disable_webhook_endpoints(v_failed, 'failing');
  end if;
  if v_failing is not null then
    perform private.warn_of_failing(v_failing, p_now);
  end if;
end
$$;

comment on function private.judge_endpoints(private.delivery_result[], timestamptz) is
  'Keeps the health of endpoints, warns of those that fail and disables those that are gone or failed for too long.';

-- Seen again with every try, a quarter of an hour apart at most; the heartbeat closes it when none has
-- seen it for twice that.
create function private.note_our_faults(p_results private.delivery_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.raise_alert('webhooks-unsendable', faults.subject, faults.detail, faults.remedy, p_now)
  from (
    select distinct
      case results.error when 'proxy-unreachable' then '' else results.endpoint_id::text end as subject,
      case results.error
        when 'proxy-unreachable' then 'The egress proxy cannot be reached, or does not know us.'
        else 'No key opens what this endpoint keeps: ' || results.error || '.'
      end as detail,
      case results.error
        when 'proxy-unreachable' then 'Put the proxy or WEBHOOK_PROXY_URL right.'
        else 'Put the key back, or have the secret of the endpoint rotated.'
      end || ' Nothing is lost: deliveries wait, and no endpoint is blamed.' as remedy
    from unnest(p_results) as results
    where results.is_our_fault
  ) as faults;
end
$$;

comment on function private.note_our_faults(private.delivery_result[], timestamptz) is
  'Raises alerts for what kept us from sending.';

create function private.pause_lanes(p_results private.delivery_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.endpoint_lanes as lanes
  set blocked_until = greatest(lanes.blocked_until, pauses.until)
  from (
    select
      results.endpoint_id,
      p_now + max(results.pause_ms) * interval '1 millisecond' as until
    from unnest(p_results) as results
    where results.pause_ms > 0
    group by results.endpoint_id
  ) as pauses
  where lanes.endpoint_id = pauses.endpoint_id;
end
$$;

comment on function private.pause_lanes(private.delivery_result[], timestamptz) is
  'Leaves endpoints alone for as long as they asked.';

-- Others that are ready come first: then a worker claims, and all take turns.
create function private.refill_lanes(
  p_claim_id uuid, p_worker_id uuid, p_endpoint_ids uuid[], p_limit int, p_lease interval,
  p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
begin
  if private.claim_exists(p_claim_id) or exists (
    select from private.endpoint_lanes as lanes
    where lanes.ready_at <= p_now and lanes.endpoint_id <> all (p_endpoint_ids)
  ) then
    return;
  end if;
  perform private.lease_deliveries(
    p_claim_id, p_worker_id,
    array(
      select lanes.endpoint_id from private.endpoint_lanes as lanes
      where lanes.endpoint_id = any (p_endpoint_ids) and lanes.ready_at <= p_now
    ),
    p_limit, p_lease, p_now
  );
end
$$;

comment on function private.refill_lanes(uuid, uuid, uuid[], int, interval, timestamptz) is
  'Gives a worker the next deliveries of lanes it has just settled, unless others wait.';

-- p_limit > 0: with the answer comes what the room that results made allows to be sent next, leased
-- under p_claim_id as by a claim. A busy endpoint costs its worker one call a batch, not two.
create function service.settle_deliveries(
  p_results jsonb, p_claim_id uuid default null, p_worker_id uuid default null,
  p_limit int default 0, p_lease interval default interval '60 seconds',
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '8s'
as $$
declare
  v_results private.delivery_result[] := array(
    select results
    from jsonb_populate_recordset(null::private.delivery_result, p_results) as results
  );
  v_endpoint_ids uuid[] := array(select distinct endpoint_id from unnest(v_results));
begin
  perform from (
    select from public.webhook_endpoints
    where id = any (v_endpoint_ids)
    order by id
    for no key update
  ) as locked;
  perform private.lock_endpoint_lanes(v_endpoint_ids);

  v_results := private.record_attempts(v_results);
  perform private.settle_jobs(v_results, p_now);
  perform private.judge_endpoints(v_results, p_now);
  perform private.note_our_faults(v_results, p_now);
  perform private.pause_lanes(v_results, p_now);
  perform private.refresh_endpoint_lanes(v_endpoint_ids, p_now);
  if p_limit > 0 then
    perform private.refill_lanes(
      p_claim_id, p_worker_id, v_endpoint_ids, p_limit, p_lease, p_now
    );
    perform private.note_delivery_worker(p_worker_id, p_now);
  end if;
  return jsonb_build_object(
    'now', p_now,
    'settled', coalesce(cardinality(v_results), 0),
    'next_in_ms', private.next_delivery_in_ms(p_now)
  ) || case when p_limit > 0 then jsonb_build_object(
    'endpoints', private.claimed_endpoints(p_claim_id, p_now),
    'deliveries', private.claimed_deliveries(p_claim_id)
  ) else '{}' end;
end
$$;

comment on function service.settle_deliveries(jsonb, uuid, uuid, int, interval, timestamptz) is
  'Settles results of attempts: [{delivery_id, endpoint_id, number, outcome, …}], and claims up to p_limit of the same endpoints. Safe to repeat.';

create function service.ring_deliver()
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  select to_jsonb(private.ring('deliver', p_apart => '0'));
$$;

comment on function service.ring_deliver() is 'A leaving worker rings its successor.';

-- Every few seconds. It stamps what nobody stamped, so that GET /events goes on where there is no
-- webhook, frees what the dead hold and repairs lost rings. With nothing due it calls nobody.
create function private.deliver_tick(p_now timestamptz default clock_timestamp())
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  perform private.resume_stamping();
  perform private.stamp_events(10000);
  perform private.bury_delivery_workers(p_now);
  perform private.drain_lanes(5000, p_now);
  perform private.forget_webhook_secrets(p_now);
  delete from private.alerts
  where kind = 'webhooks-unsendable' and seen_at < p_now - interval '30 minutes';
  if exists (select from private.endpoint_lanes where ready_at <= p_now) then
    return private.ring('deliver', 1, p_now);
  end if;
  return false;
end
$$;

comment on function private.deliver_tick(timestamptz) is
  'The heartbeat of deliveries: stamps events, frees what dead workers hold, closes jobs of dead endpoints, erases secrets past their day, rings when something is due.';
