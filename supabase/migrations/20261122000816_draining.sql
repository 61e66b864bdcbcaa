-- Draining: what waits for an endpoint that was disabled or deleted is closed without being sent.
--
-- The lane of a disabled one stays, that of a deleted one goes with the last of its jobs.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- A few at a time: an endpoint that failed for days may leave a million jobs behind. What is under
-- way to it is left to its worker, whose answer is still evidence.
create function private.drain_lanes(p_limit int, p_now timestamptz)
returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_endpoint_ids uuid[];
  v_closed int;
begin
  select array_agg(locked.endpoint_id) into v_endpoint_ids
  from (
    select endpoint_id from private.endpoint_lanes
    where is_draining
    order by endpoint_id
    limit 100
    for no key update skip locked
  ) as locked;
  if v_endpoint_ids is null then
    return 0;
  end if;

  with closable as (
    select jobs.delivery_id
    from private.delivery_jobs as jobs
    where jobs.endpoint_id = any (v_endpoint_ids)
      and (jobs.claim_id is null or jobs.run_at <= p_now)
    limit p_limit
  ), closed as (
    delete from private.delivery_jobs as jobs
    using closable
    where jobs.delivery_id = closable.delivery_id
    returning jobs.delivery_id, jobs.number
  )
  update public.webhook_deliveries as deliveries
  set
    status = 'failed',
    attempt_count = greatest(deliveries.attempt_count, closed.number),
    failure = case
      when exists (
        select from public.webhook_endpoints as endpoints
        where endpoints.id = deliveries.endpoint_id
      ) then 'endpoint-disabled'
      else 'endpoint-deleted'
    end,
    next_attempt_at = null,
    finished_at = p_now
  from closed
  where deliveries.id = closed.delivery_id;
  get diagnostics v_closed = row_count;

  perform private.forget_drained_lanes(v_endpoint_ids);
  return v_closed;
end
$$;

comment on function private.drain_lanes(int, timestamptz) is
  'Fails up to p_limit deliveries that wait for disabled or deleted endpoints. Returns how many.';

create function private.forget_drained_lanes(p_endpoint_ids uuid[])
returns void
language sql
set search_path = ''
as $$
  with empty_lanes as (
    select lanes.endpoint_id
    from private.endpoint_lanes as lanes
    where lanes.endpoint_id = any (p_endpoint_ids)
      and not exists (
        select from private.delivery_jobs as jobs where jobs.endpoint_id = lanes.endpoint_id
      )
  ), drained as (
    update private.endpoint_lanes as lanes
    set is_draining = false
    from empty_lanes, public.webhook_endpoints as endpoints
    where lanes.endpoint_id = empty_lanes.endpoint_id
      and endpoints.id = empty_lanes.endpoint_id
  )
  delete from private.endpoint_lanes as lanes
  using empty_lanes
  where lanes.endpoint_id = empty_lanes.endpoint_id
    and not exists (
      select from public.webhook_endpoints as endpoints
      where endpoints.id = empty_lanes.endpoint_id
    );
$$;

comment on function private.forget_drained_lanes(uuid[]) is
  'Ends the draining of lanes without jobs; removes those whose endpoint is gone.';
