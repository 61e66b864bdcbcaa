-- Fan-out: deliveries are made in the transaction that stamps their event.
--
-- Each enabled endpoint gets what passes its filters and is not older than itself.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Lanes first, then a fresh look at the endpoints: one that is being disabled either gets nothing,
-- or what it gets is drained. Each event is looked up by its id, whatever the statistics say.
create function private.tg_event_positions__make_deliveries()
returns trigger
language plpgsql
security definer
set search_path = ''
set enable_seqscan = off
as $$
declare
  v_endpoint_ids uuid[];
  -- The transaction's start: a claim that stamps can take what it has just made.
  v_now timestamptz := now();
begin
  select array_agg(lanes.endpoint_id) into v_endpoint_ids
  from private.endpoint_lanes as lanes
  where lanes.workspace_id = any (array(select distinct workspace_id from new_positions));
  if v_endpoint_ids is null then
    return null;
  end if;
  perform private.lock_endpoint_lanes(v_endpoint_ids);

  with deliveries as (
    insert into public.webhook_deliveries (
      workspace_id, endpoint_id, event_id, event_type, sequence, next_attempt_at, created_at
    )
    select
      positions.workspace_id, endpoints.id, positions.event_id, events.type, positions.sequence,
      v_now, v_now
    from new_positions as positions
    join public.webhook_endpoints as endpoints on endpoints.workspace_id = positions.workspace_id
    cross join lateral (
      select * from public.events where events.id = positions.event_id limit 1
    ) as events
    where endpoints.id = any (v_endpoint_ids)
      and endpoints.status = 'enabled'
      and endpoints.created_at <= events.created_at
      and private.wants_event(endpoints, events.type, events.subject_id, events.data)
    order by positions.sequence
    returning id, endpoint_id, event_id, sequence
  ), jobs as (
    insert into private.delivery_jobs (delivery_id, endpoint_id, event_id, sequence, run_at)
    select
      deliveries.id, deliveries.endpoint_id, deliveries.event_id, deliveries.sequence, v_now
    from deliveries
    returning endpoint_id
  )
  update private.endpoint_lanes as lanes
  set ready_at = least(
    lanes.ready_at, greatest(lanes.blocked_until, lanes.paced_until, v_now)
  )
  where lanes.endpoint_id in (select jobs.endpoint_id from jobs);
  return null;
end
$$;

create trigger event_positions_after_insert_make_deliveries
  after insert on public.event_positions
  referencing new table as new_positions
  for each statement execute function private.tg_event_positions__make_deliveries();

-- Nobody is woken for what nobody wants.
create function private.tg_events__ring_deliver()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if exists (
    select
    from new_events as events
    join public.webhook_endpoints as endpoints on endpoints.workspace_id = events.workspace_id
    where endpoints.status = 'enabled'
      and (
        endpoints.event_types is null
        or events.type = any (endpoints.event_types)
        or events.type = 'webhook.test'
      )
  ) then
    perform private.ring_at_commit('deliver');
  end if;
  return null;
end
$$;

create trigger events_after_insert_ring_deliver
  after insert on public.events
  referencing new table as new_events
  for each statement execute function private.tg_events__ring_deliver();
