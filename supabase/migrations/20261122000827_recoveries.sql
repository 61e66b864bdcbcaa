-- Recoveries: an endpoint gets what it missed, because somebody asks for it.
--
-- Failed deliveries are sent again; events of which none was made, because the endpoint was disabled
-- or did not exist yet, get one. Both end what they look for, so that a call can be repeated until
-- nothing is left: a batch is one transaction of 5,000 rows at most.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Before then events are gone, or the deliveries that tell which of them arrived. Whatever was there
-- from the beginning is no loss.
create function private.recoverable_since(p_workspace_id uuid)
returns timestamptz
language sql
stable
set search_path = ''
as $$
  with kept as (
    select
      (select min(month) from private.leaf_months('public.events') as leaves (month)) as events,
      (
        select min(month) from private.leaf_months('public.webhook_deliveries') as leaves (month)
      ) as deliveries
  )
  select greatest(
    case
      when exists (
        select from public.event_horizons as horizons
        where horizons.workspace_id = p_workspace_id
      ) then kept.events
    end,
    case when kept.events < kept.deliveries then kept.deliveries end
  )
  from kept;
$$;

comment on function private.recoverable_since(uuid) is
  'From when on nothing is missing that a recovery has to know; null when nothing was forgotten.';

-- The locks keep months from being dropped between this look and those that follow.
create function private.require_recoverable(p_workspace_id uuid, p_since timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_since timestamptz;
begin
  lock table only public.events, only public.webhook_deliveries in access share mode;
  v_since := private.recoverable_since(p_workspace_id);
  if p_since < v_since then
    perform private.refuse(410, 'log-expired',
      format('What happened before %s is kept no longer.', to_char(v_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
      'Send since from then on, and read the present state of what is older.');
  end if;
end
$$;

comment on function private.require_recoverable(uuid, timestamptz) is
  '410 when something was forgotten of what a recovery from p_since on would need.';

create function private.failed_deliveries(
  p_endpoint public.webhook_endpoints, p_since timestamptz, p_until timestamptz, p_limit int
)
returns setof public.webhook_deliveries
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return query
  select deliveries.*
  from public.webhook_deliveries as deliveries
  where deliveries.workspace_id = p_endpoint.workspace_id
    and deliveries.endpoint_id = p_endpoint.id
    and deliveries.failure is not null
    and deliveries.id >= private.uuid_v7_floor(p_since)
    and deliveries.id < private.uuid_v7_floor(p_until)
    and exists (select from public.events where events.id = deliveries.event_id)
  order by deliveries.id
  limit p_limit;
end
$$;

comment on function private.failed_deliveries(
  public.webhook_endpoints, timestamptz, timestamptz, int
) is 'Deliveries made for an endpoint in a period that failed and whose event is kept, oldest first.';

create function private.missed_events(
  p_endpoint public.webhook_endpoints, p_since timestamptz, p_until timestamptz, p_limit int
)
returns table (event_id uuid, sequence bigint, type text)
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return query
  select events.id, positions.sequence, events.type
  from public.event_positions as positions
  join public.events on events.id = positions.event_id
  where positions.workspace_id = p_endpoint.workspace_id
    and positions.event_id >= private.uuid_v7_floor(p_since)
    and positions.event_id < private.uuid_v7_floor(p_until)
    and events.type <> 'webhook.test'
    and private.wants_event(p_endpoint, events.type, events.subject_id, events.data)
    and not exists (
      select from public.webhook_deliveries as deliveries
      where deliveries.event_id = positions.event_id and deliveries.endpoint_id = p_endpoint.id
    )
  order by positions.sequence
  limit p_limit;
end
$$;

comment on function private.missed_events(
  public.webhook_endpoints, timestamptz, timestamptz, int
) is 'Stamped events of a period that an endpoint wants and no delivery was made of, in order.';

create function private.send_failed_again(
  p_endpoint public.webhook_endpoints, p_since timestamptz, p_until timestamptz, p_limit int,
  p_now timestamptz
)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  with failed as materialized (
    select deliveries as delivery, deliveries.*
    from private.failed_deliveries(p_endpoint, p_since, p_until, p_limit) as deliveries
  ), jobs as (
    insert into private.delivery_jobs (
      delivery_id, endpoint_id, event_id, sequence, run_at, number, replayed_after
    )
    select
      failed.id, failed.endpoint_id, failed.event_id, failed.sequence, p_now, failed.attempt_count,
      private.replayed_after(failed.delivery)
    from failed
  )
  update public.webhook_deliveries as deliveries
  set status = 'pending', failure = null, finished_at = null, next_attempt_at = p_now
  from failed
  where deliveries.id = failed.id;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

comment on function private.send_failed_again(
  public.webhook_endpoints, timestamptz, timestamptz, int, timestamptz
) is 'Failed deliveries wait again, from the start of the retry schedule. Returns how many.';

create function private.deliver_missed(
  p_endpoint public.webhook_endpoints, p_since timestamptz, p_until timestamptz, p_limit int,
  p_now timestamptz
)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  with deliveries as (
    insert into public.webhook_deliveries (
      workspace_id, endpoint_id, event_id, event_type, sequence, next_attempt_at, created_at
    )
    select
      p_endpoint.workspace_id, p_endpoint.id, missed.event_id, missed.type, missed.sequence, p_now,
      p_now
    from private.missed_events(p_endpoint, p_since, p_until, p_limit) as missed
    returning id, endpoint_id, event_id, sequence
  )
  insert into private.delivery_jobs (delivery_id, endpoint_id, event_id, sequence, run_at)
  select
    deliveries.id, deliveries.endpoint_id, deliveries.event_id, deliveries.sequence, p_now
  from deliveries;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

comment on function private.deliver_missed(
  public.webhook_endpoints, timestamptz, timestamptz, int, timestamptz
) is 'Makes deliveries of events an endpoint missed. Returns how many.';

create function private.recover_deliveries(
  p_endpoint_id uuid, p_kind text, p_since timestamptz, p_until timestamptz, p_is_dry boolean,
  p_limit int, p_now timestamptz
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_endpoint public.webhook_endpoints :=
    private.lock_webhook_endpoint(p_endpoint_id, 'admin', null);
  v_until timestamptz := coalesce(p_until, p_now);
  v_count int;
begin
  if v_endpoint.status = 'disabled' then
    perform private.refuse(409, 'webhook-endpoint-disabled', 'Nothing is delivered to a disabled endpoint.',
      'Enable it first: PATCH /webhook-endpoints/:id with {"status": "enabled"}.');
  end if;
  perform private.require_recoverable(v_endpoint.workspace_id, p_since);
  if p_is_dry then
    if p_kind = 'missing' then
      select count(*) into v_count
      from private.missed_events(v_endpoint, p_since, v_until, p_limit * 20);
    else
      select count(*) into v_count
      from private.failed_deliveries(v_endpoint, p_since, v_until, p_limit * 20);
    end if;
    return jsonb_build_object('deliveries', v_count, 'has_more', v_count = p_limit * 20);
  end if;

  -- No fan-out and no other recovery of this endpoint meanwhile.
  perform private.lock_endpoint_lanes(array[p_endpoint_id]);
  if p_kind = 'missing' then
    v_count := private.deliver_missed(v_endpoint, p_since, v_until, p_limit, p_now);
  else
    v_count := private.send_failed_again(v_endpoint, p_since, v_until, p_limit, p_now);
  end if;
  perform private.refresh_endpoint_lanes(array[p_endpoint_id], p_now);
  perform private.ring('deliver');
  return jsonb_build_object('deliveries', v_count, 'has_more', v_count = p_limit);
end
$$;

create function public.recover_deliveries(
  p_endpoint_id uuid, p_kind text, p_since timestamptz, p_until timestamptz default null,
  p_is_dry boolean default false
)
returns jsonb
language sql
set search_path = ''
as $$
  select private.recover_deliveries(
    p_endpoint_id, p_kind, p_since, p_until, p_is_dry, 5000, clock_timestamp()
  );
$$;

comment on function public.recover_deliveries(uuid, text, timestamptz, timestamptz, boolean) is
  'Sends again what failed (failed) or was never sent (missing) of a period (p_until null: until now). Role admin. {deliveries, has_more}: 5,000 a call; a dry run counts up to 100,000.';

grant execute on function private.recover_deliveries(
  uuid, text, timestamptz, timestamptz, boolean, int, timestamptz
) to authenticated;
grant execute on function public.recover_deliveries(
  uuid, text, timestamptz, timestamptz, boolean
) to authenticated;
