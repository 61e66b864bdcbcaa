-- Deliveries: one per event and endpoint, made in the transaction that stamps the event.
--
-- An event is stamped once, so a delivery is made once, whatever dies in between. Jobs are what is
-- still to be sent: small whatever the history is, and one lane per endpoint keeps an endpoint
-- that hangs from holding up another. While a job is claimed, run_at is when its lease lapses.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.webhook_deliveries (
  id uuid not null default private.uuid_v7(),
  workspace_id uuid not null,
  -- The endpoint may be gone.
  endpoint_id uuid not null,
  event_id uuid not null,
  event_type text not null,
  -- The event's, for the body: a sender need not look it up.
  sequence bigint not null,
  status text not null default 'pending',
  -- Why it failed.
  failure text,
  -- Attempts so far; each has a row, whose number is never used again.
  attempt_count int not null default 0,
  next_attempt_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  primary key (id),
  constraint webhook_deliveries_status_known check (status in ('pending', 'delivered', 'failed')),
  constraint webhook_deliveries_finished_iff_time
    check ((finished_at is not null) = (status <> 'pending')),
  constraint webhook_deliveries_pending_iff_next_attempt
    check ((next_attempt_at is not null) = (status = 'pending')),
  constraint webhook_deliveries_failed_iff_failure
    check ((failure is not null) = (status = 'failed')),
  constraint webhook_deliveries_failure_known check (
    failure in ('exhausted', 'gone', 'endpoint-disabled', 'endpoint-deleted')
  )
) partition by range (id);

comment on table public.webhook_deliveries is
  'An event on its way to an endpoint. Partitioned by month of creation.';

-- Serves: GET /deliveries, newest first, and the policy.
create index webhook_deliveries_workspace_id_id_idx
  on public.webhook_deliveries (workspace_id, id desc);
-- Serves: GET /deliveries?endpoint_id.
create index webhook_deliveries_endpoint_id_id_idx
  on public.webhook_deliveries (endpoint_id, id desc);
-- By the failure and not by the status, which every delivery changes: one that arrives touches no index.
-- Serves: GET /deliveries?status=failed, what somebody has to look at.
create index webhook_deliveries_failed_idx
  on public.webhook_deliveries (workspace_id, id desc) where failure is not null;
-- Serves: GET /deliveries?event_id, what became of one event.
create index webhook_deliveries_event_id_idx on public.webhook_deliveries (event_id);

create table public.webhook_attempts (
  delivery_id uuid not null,
  number int not null,
  workspace_id uuid not null,
  outcome text not null,
  http_status smallint,
  -- What went wrong, as a slug: http-500, timeout, dns, address-refused, …
  error text,
  -- The first kilobyte of the answer, control characters taken out.
  response text,
  started_at timestamptz not null,
  duration_ms int,
  primary key (delivery_id, number),
  constraint webhook_attempts_outcome_known check (outcome in ('delivered', 'failed', 'lost')),
  constraint webhook_attempts_failed_iff_error check ((error is not null) = (outcome <> 'delivered')),
  constraint webhook_attempts_response_within_1_kb check (octet_length(response) <= 1024)
) partition by range (delivery_id);

comment on table public.webhook_attempts is
  'Every POST of a delivery. Lost: its worker never reported, so it may have arrived. Partitioned like deliveries.';

create table private.endpoint_lanes (
  -- No key to the endpoint: the lane outlives it until its jobs are closed.
  endpoint_id uuid primary key,
  workspace_id uuid not null,
  -- When a worker may take jobs of it: the first due one, unless the endpoint has enough under way.
  ready_at timestamptz not null default 'infinity',
  -- The endpoint asked us to come back later.
  blocked_until timestamptz not null default '-infinity',
  -- Until then what began fills the endpoint's rate.
  paced_until timestamptz not null default '-infinity',
  -- Disabled or deleted: its jobs are closed without being sent.
  is_draining boolean not null default false
);

comment on table private.endpoint_lanes is 'One row per webhook endpoint: its place in the queue.';

-- Serves: claim_deliveries and deliver_tick, by time.
create index endpoint_lanes_ready_at_idx on private.endpoint_lanes (ready_at);
-- Serves: drain_lanes.
create index endpoint_lanes_draining_idx on private.endpoint_lanes (endpoint_id) where is_draining;
-- Serves: the fan-out of a workspace's events.
create index endpoint_lanes_workspace_id_idx on private.endpoint_lanes (workspace_id);

create table private.delivery_jobs (
  delivery_id uuid primary key,
  endpoint_id uuid not null references private.endpoint_lanes (endpoint_id),
  event_id uuid not null,
  sequence bigint not null,
  run_at timestamptz not null,
  claim_id uuid,
  -- Who holds the lease, and since when.
  worker_id uuid,
  claimed_at timestamptz,
  -- Number of the latest attempt, and the fencing token of whoever makes it.
  number int not null default 0,
  -- Attempts that failed since the delivery was made or replayed: the place in the retry schedule.
  failure_count smallint not null default 0,
  -- Attempts there were when somebody asked to have what had arrived sent again. Theirs are no results of it.
  replayed_after int not null default 0,
  constraint delivery_jobs_claim_whole check (num_nulls(claim_id, worker_id, claimed_at) in (0, 3))
);

comment on table private.delivery_jobs is
  'One row per delivery that is still to be sent. Gone when the delivery reaches an end.';

-- Serves: the first due jobs of an endpoint.
create index delivery_jobs_endpoint_id_run_at_idx
  on private.delivery_jobs (endpoint_id, run_at, delivery_id);
-- Serves: how many deliveries are under way to an endpoint.
create index delivery_jobs_in_flight_idx
  on private.delivery_jobs (endpoint_id, run_at) where claim_id is not null;
-- Serves: the repeated call of one claim.
create index delivery_jobs_claim_id_idx
  on private.delivery_jobs (claim_id) where claim_id is not null;

alter table public.webhook_deliveries enable row level security;
alter table public.webhook_attempts enable row level security;
alter table private.endpoint_lanes enable row level security;
alter table private.delivery_jobs enable row level security;

grant select on public.webhook_deliveries, public.webhook_attempts to authenticated, service_role;

create policy "members can read their workspace's deliveries"
  on public.webhook_deliveries for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

create policy "members can read their workspace's delivery attempts"
  on public.webhook_attempts for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

-- A delivery is written twice, soon after each other: the second time fits on the same page.
insert into private.partition_policies (parent, owner, owner_column, fillfactor, keep_months)
values
  ('public.webhook_deliveries', null, null, 70, 3),
  ('public.webhook_attempts', 'public.webhook_deliveries', 'delivery_id', 100, 3);

-- Lanes ----------

-- Locks lanes in one order, so that batches cannot wait for each other.
create function private.lock_endpoint_lanes(p_endpoint_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform count(*)
  from (
    select from private.endpoint_lanes
    where endpoint_id = any (p_endpoint_ids)
    order by endpoint_id
    for no key update
  ) as locked;
end
$$;

comment on function private.lock_endpoint_lanes(uuid[]) is 'First lock of every change to a delivery job.';

-- An endpoint that keeps failing gets few workers' time until it succeeds again.
create function private.endpoint_capacity(p_max_in_flight smallint, p_failure_count int)
returns int
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case when p_failure_count >= 5 then least(p_max_in_flight, 2) else p_max_in_flight end;
end
$$;

comment on function private.endpoint_capacity(smallint, int) is
  'How many deliveries may be under way to an endpoint now.';

create function private.deliveries_in_flight(p_endpoint_id uuid, p_now timestamptz)
returns int
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select count(*)::int
    from private.delivery_jobs as jobs
    where jobs.endpoint_id = p_endpoint_id
      and jobs.claim_id is not null
      and jobs.run_at > p_now
  );
end
$$;

comment on function private.deliveries_in_flight(uuid, timestamptz) is
  'Jobs of an endpoint under a lease that has not lapsed.';

-- When an endpoint at its capacity gets room (a lease lapses; a settle refreshes the lane anyway),
-- or else when its first job is due.
create function private.next_delivery_at(p_endpoint_id uuid, p_capacity int, p_now timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  if private.deliveries_in_flight(p_endpoint_id, p_now) < p_capacity then
    return (
      select min(jobs.run_at)
      from private.delivery_jobs as jobs
      where jobs.endpoint_id = p_endpoint_id
    );
  end if;
  return (
    select min(jobs.run_at)
    from private.delivery_jobs as jobs
    where jobs.endpoint_id = p_endpoint_id
      and jobs.claim_id is not null
      and jobs.run_at > p_now
  );
end
$$;

comment on function private.next_delivery_at(uuid, int, timestamptz) is
  'The next moment something can be claimed of an endpoint; null when it has nothing to send.';

-- Never earlier than now: a lane that was just served queues behind the others that are ready.
create function private.refresh_endpoint_lanes(p_endpoint_ids uuid[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.endpoint_lanes as lanes
  set ready_at = coalesce(
    (
      select greatest(lanes.blocked_until, lanes.paced_until, p_now, next_job.run_at)
      from public.webhook_endpoints as endpoints
      cross join lateral (
        select private.next_delivery_at(
          endpoints.id,
          private.endpoint_capacity(endpoints.max_in_flight, endpoints.failure_count),
          p_now
        ) as run_at
      ) as next_job
      where endpoints.id = lanes.endpoint_id
        and endpoints.status = 'enabled'
        and next_job.run_at is not null
    ),
    'infinity'
  )
  where lanes.endpoint_id = any (p_endpoint_ids);
end
$$;

comment on function private.refresh_endpoint_lanes(uuid[], timestamptz) is
  'Sets ready_at of lanes from their jobs, their block and their endpoint.';

create function private.tg_webhook_endpoints__follow_lane()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    insert into private.endpoint_lanes (endpoint_id, workspace_id)
    values (new.id, new.workspace_id);
  elsif tg_op = 'DELETE' then
    update private.endpoint_lanes
    set is_draining = true, ready_at = 'infinity'
    where endpoint_id = old.id;
  else
    update private.endpoint_lanes
    set
      is_draining = new.status = 'disabled',
      blocked_until = case when old.status = 'disabled' then '-infinity' else blocked_until end
    where endpoint_id = new.id;
    perform private.refresh_endpoint_lanes(array[new.id], clock_timestamp());
  end if;
  return null;
end
$$;

create trigger webhook_endpoints_after_insert_follow_lane
  after insert on public.webhook_endpoints
  for each row execute function private.tg_webhook_endpoints__follow_lane();

create trigger webhook_endpoints_after_update_follow_lane
  after update of status, max_in_flight on public.webhook_endpoints
  for each row
  when (old.status <> new.status or old.max_in_flight <> new.max_in_flight)
  execute function private.tg_webhook_endpoints__follow_lane();

create trigger webhook_endpoints_after_delete_follow_lane
  after delete on public.webhook_endpoints
  for each row execute function private.tg_webhook_endpoints__follow_lane();

-- Fan-out ----------

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

-- Closing ----------

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

-- Reading and replaying ----------

-- Invoker: a caller sees what the policies let them see.
create function private.delivery_document(p_delivery public.webhook_deliveries)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select to_jsonb(p_delivery) || jsonb_build_object('attempts', (
    select coalesce(
      jsonb_agg(
        to_jsonb(attempts) - 'delivery_id' - 'workspace_id' order by attempts.number
      ), '[]'
    )
    from (
      select * from public.webhook_attempts
      where delivery_id = p_delivery.id
      order by number desc
      limit 50
    ) as attempts
  ));
$$;

comment on function private.delivery_document(public.webhook_deliveries) is
  'A delivery with its latest attempts as jsonb, 50 at most.';

create function public.get_delivery(p_delivery_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select private.delivery_document(deliveries)
  from public.webhook_deliveries as deliveries
  where deliveries.id = p_delivery_id;
$$;

comment on function public.get_delivery(uuid) is
  'A delivery with its attempts; null when it is absent or not the caller''s to see.';

-- p_before is the id of the last delivery of the page before. p_filter may hold endpoint_id,
-- event_id, event_type, status, and from and to: made at or after, made before.
create function public.list_deliveries(
  p_workspace_id uuid, p_filter jsonb default '{}', p_before uuid default null, p_limit int default 50
)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(
    jsonb_agg(private.delivery_document(page::public.webhook_deliveries) order by page.id desc), '[]'
  )
  from (
    select deliveries.*
    from public.webhook_deliveries as deliveries
    where deliveries.workspace_id = coalesce(p_workspace_id, private.personal_workspace_id())
      and (p_before is null or deliveries.id < p_before)
      and (
        p_filter ->> 'endpoint_id' is null
        or deliveries.endpoint_id = (p_filter ->> 'endpoint_id')::uuid
      )
      and (
        p_filter ->> 'event_id' is null or deliveries.event_id = (p_filter ->> 'event_id')::uuid
      )
      and (p_filter ->> 'status' is null or deliveries.status = p_filter ->> 'status')
      and (p_filter ->> 'status' is distinct from 'failed' or deliveries.failure is not null)
      and (
        p_filter ->> 'event_type' is null or deliveries.event_type = p_filter ->> 'event_type'
      )
      and (
        p_filter ->> 'from' is null
        or deliveries.id >= private.uuid_v7_floor((p_filter ->> 'from')::timestamptz)
      )
      and (
        p_filter ->> 'to' is null
        or deliveries.id < private.uuid_v7_floor((p_filter ->> 'to')::timestamptz)
      )
    order by deliveries.id desc
    limit least(greatest(p_limit, 1), 101)
  ) as page;
$$;

comment on function public.list_deliveries(uuid, jsonb, uuid, int) is
  'A page of a workspace''s deliveries (null: the personal workspace), newest first, at most 101: a page and the row that tells of a next one.';

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

grant execute on function private.delivery_document(public.webhook_deliveries) to authenticated;
grant execute on function public.get_delivery(uuid) to authenticated;
grant execute on function public.list_deliveries(uuid, jsonb, uuid, int) to authenticated;
grant execute on function private.replay_delivery(uuid, timestamptz) to authenticated;
grant execute on function public.replay_delivery(uuid) to authenticated;

select private.create_leaves_ahead();
