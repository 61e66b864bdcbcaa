-- Replays: a caller has a delivery sent again, as long as its event is kept.
--
-- It begins the retry schedule anew, and what its earlier attempts still report is told apart.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Reading the event keeps its month from being dropped until the end of the transaction.
create function private.require_event_kept(p_event_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from public.events where events.id = p_event_id) then
    perform private.refuse(410, 'log-expired', 'The event of this delivery is kept no longer.',
      'Read the present state of what it was about.');
  end if;
end
$$;

comment on function private.require_event_kept(uuid) is '410 when an event was forgotten.';

-- Attempts of a delivery that had arrived are over, whatever they report yet; of any other one a late
-- success is welcome.
create function private.replayed_after(p_delivery public.webhook_deliveries)
returns int
language sql
stable
set search_path = ''
as $$
  select case
    when exists (
      select from public.webhook_attempts as attempts
      where attempts.delivery_id = p_delivery.id and attempts.outcome = 'delivered'
    ) then p_delivery.attempt_count
    else 0
  end;
$$;

comment on function private.replayed_after(public.webhook_deliveries) is
  'Up to which attempt nothing that is reported decides a replay: 0 when the delivery never arrived.';

-- The same delivery is sent again, under the same webhook-id: a consumer that has it can tell.
create function private.replay_delivery(p_delivery_id uuid, p_now timestamptz)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_delivery public.webhook_deliveries;
begin
  select * into v_delivery from public.webhook_deliveries where id = p_delivery_id;
  perform private.require_role(v_delivery.workspace_id, 'admin');

  perform from public.webhook_endpoints
  where id = v_delivery.endpoint_id and status = 'enabled'
  for no key update;
  if not found then
    perform private.refuse(409, 'webhook-endpoint-disabled',
      'The endpoint of this delivery is disabled or deleted.',
      'Enable it with PATCH /webhook-endpoints/:id, or read what was missed from GET /events.');
  end if;
  perform private.require_event_kept(v_delivery.event_id);
  perform private.lock_endpoint_lanes(array[v_delivery.endpoint_id]);
  -- A result may have been settled while the locks were waited for.
  select * into v_delivery from public.webhook_deliveries where id = p_delivery_id;

  -- One that waits for its next try is sent now; one under way is left alone.
  insert into private.delivery_jobs as jobs (
    delivery_id, endpoint_id, event_id, sequence, run_at, number, replayed_after
  )
  values (
    p_delivery_id, v_delivery.endpoint_id, v_delivery.event_id, v_delivery.sequence, p_now,
    v_delivery.attempt_count,
    private.replayed_after(v_delivery)
  )
  on conflict (delivery_id) do update
  set run_at = least(jobs.run_at, excluded.run_at), failure_count = 0
  where jobs.claim_id is null;

  update public.webhook_deliveries as deliveries
  set
    status = 'pending', failure = null, finished_at = null,
    next_attempt_at = least(deliveries.next_attempt_at, p_now)
  where deliveries.id = p_delivery_id
  returning * into v_delivery;

  perform private.refresh_endpoint_lanes(array[v_delivery.endpoint_id], p_now);
  perform private.ring_at_commit('deliver');
  return private.delivery_document(v_delivery);
end
$$;

create function public.replay_delivery(p_delivery_id uuid)
returns jsonb
language sql
set search_path = ''
as $$
  select private.replay_delivery(p_delivery_id, clock_timestamp());
$$;

comment on function public.replay_delivery(uuid) is
  'Sends a delivery again, from the start of the retry schedule. Role admin. 409 when its endpoint is disabled.';

grant execute on function private.replay_delivery(uuid, timestamptz) to authenticated;
grant execute on function public.replay_delivery(uuid) to authenticated;
