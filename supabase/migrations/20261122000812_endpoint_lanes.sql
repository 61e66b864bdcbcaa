-- Endpoint lanes: what is still to be sent to an endpoint, and when.
--
-- Jobs are small whatever the history is, and one lane per endpoint keeps an endpoint that hangs from
-- holding up another. While a job is claimed, run_at is when its lease lapses.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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

alter table private.endpoint_lanes enable row level security;
alter table private.delivery_jobs enable row level security;

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
