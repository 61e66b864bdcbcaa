-- Delivering: the claim. (Settling is the next file.)
--
-- A claim is a lease on single jobs, so that one slow answer holds up neither its endpoint nor its
-- worker. Delivery is at least once: a lapsed lease is taken again, and consumers know an event
-- by its id. Every query here reaches its rows through an index, whatever the statistics say, and
-- plpgsql keeps its plans: a function in SQL is planned at each call, over every leaf.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.delivery_workers (
  id uuid primary key,
  -- When it last said that it lives.
  alive_at timestamptz not null
);

comment on table private.delivery_workers is
  'Workers that deliver. The tick frees what those hold that fell silent.';

alter table private.delivery_workers enable row level security;

-- Ready lanes that nobody else is changing, fairly between workspaces.
create function private.lock_ready_lanes(p_limit int, p_now timestamptz)
returns uuid[]
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
declare
  v_endpoint_ids uuid[];
begin
  with candidates as materialized (
    select
      lanes.endpoint_id,
      lanes.ready_at,
      row_number() over (partition by lanes.workspace_id order by lanes.ready_at) as turn
    from (
      select endpoint_id, workspace_id, ready_at
      from private.endpoint_lanes
      where ready_at <= p_now
      order by ready_at
      limit p_limit * 4
    ) as lanes
  ), locked as (
    select lanes.endpoint_id
    from candidates
    join private.endpoint_lanes as lanes on lanes.endpoint_id = candidates.endpoint_id
    where lanes.ready_at <= p_now
    order by candidates.turn, candidates.ready_at
    limit p_limit
    for no key update of lanes skip locked
  )
  select coalesce(array_agg(endpoint_id), '{}') into v_endpoint_ids from locked;
  return v_endpoint_ids;
end
$$;

comment on function private.lock_ready_lanes(int, timestamptz) is
  'Endpoints whose lanes are ready, locked until the end of the transaction.';

-- What an endpoint did not use is saved up for a tenth of a second, less the one that begins then.
create function private.pace_start(
  p_max_per_second int, p_paced_until timestamptz, p_now timestamptz
)
returns timestamptz
language sql
immutable
set search_path = ''
as $$
  select greatest(
    p_paced_until,
    p_now - greatest(0.1 - 1.0 / p_max_per_second, 0)::float8 * interval '1 second'
  );
$$;

comment on function private.pace_start(int, timestamptz, timestamptz) is
  'From when on the deliveries of an endpoint that begin now count.';

create function private.paced_room(
  p_max_per_second int, p_paced_until timestamptz, p_now timestamptz
)
returns int
language sql
immutable
set search_path = ''
as $$
  select case
    when p_max_per_second is null then 2147483647
    else greatest(floor(
      extract(epoch from p_now - private.pace_start(p_max_per_second, p_paced_until, p_now))
        * p_max_per_second
    )::int + 1, 0)
  end;
$$;

comment on function private.paced_room(int, timestamptz, timestamptz) is
  'How many deliveries may begin now at a rate per second; no bound when that is null.';

create function private.pace(
  p_max_per_second int, p_paced_until timestamptz, p_begun bigint, p_now timestamptz
)
returns timestamptz
language sql
immutable
set search_path = ''
as $$
  select private.pace_start(p_max_per_second, p_paced_until, p_now)
    + p_begun::float8 / p_max_per_second * interval '1 second';
$$;

comment on function private.pace(int, timestamptz, bigint, timestamptz) is
  'When the next delivery may begin after p_begun began now.';

-- What may begin now: of each endpoint as much as its room and rate allow, one in turn.
create function private.due_deliveries(p_endpoint_ids uuid[], p_limit int, p_now timestamptz)
returns table (
  delivery_id uuid, workspace_id uuid, claim_id uuid, claimed_at timestamptz, number int
)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  return query
  with rooms as (
    select
      endpoints.id as endpoint_id,
      endpoints.workspace_id,
      least(
        private.endpoint_capacity(endpoints.max_in_flight, endpoints.failure_count)
          - private.deliveries_in_flight(endpoints.id, p_now),
        private.paced_room(endpoints.max_per_second, lanes.paced_until, p_now)
      ) as room
    from public.webhook_endpoints as endpoints
    join private.endpoint_lanes as lanes on lanes.endpoint_id = endpoints.id
    where endpoints.id = any (p_endpoint_ids)
      and endpoints.status = 'enabled'
  ), heads as (
    select
      due.*,
      rooms.workspace_id,
      row_number() over (partition by rooms.endpoint_id order by due.run_at, due.delivery_id) as turn
    from rooms
    cross join lateral (
      select jobs.delivery_id, jobs.run_at, jobs.claim_id, jobs.claimed_at, jobs.number
      from private.delivery_jobs as jobs
      where jobs.endpoint_id = rooms.endpoint_id
        and jobs.run_at <= p_now
      order by jobs.run_at, jobs.delivery_id
      limit greatest(least(rooms.room, p_limit), 0)
    ) as due
  )
  select heads.delivery_id, heads.workspace_id, heads.claim_id, heads.claimed_at, heads.number
  from heads
  order by heads.turn, heads.run_at
  limit p_limit;
end
$$;

comment on function private.due_deliveries(uuid[], int, timestamptz) is
  'The first due jobs of endpoints, one per endpoint in turn.';

-- The caller holds the lanes, and this statement's snapshot is younger than the locks: what it
-- sees of their jobs is what is there. A job under a lapsed lease leaves a lost attempt behind.
create function private.take_deliveries(
  p_claim_id uuid, p_worker_id uuid, p_endpoint_ids uuid[], p_limit int, p_lease interval,
  p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  with taken as materialized (
    select * from private.due_deliveries(p_endpoint_ids, p_limit, p_now)
  ), lost as (
    insert into public.webhook_attempts (
      delivery_id, number, workspace_id, outcome, error, started_at
    )
    select
      taken.delivery_id, taken.number, taken.workspace_id, 'lost', 'worker-lost',
      taken.claimed_at
    from taken
    where taken.claim_id is not null
    on conflict do nothing
  )
  update private.delivery_jobs as jobs
  set
    claim_id = p_claim_id, worker_id = p_worker_id, claimed_at = p_now,
    number = jobs.number + 1, run_at = p_now + p_lease
  from taken
  where jobs.delivery_id = taken.delivery_id;
end
$$;

comment on function private.take_deliveries(uuid, uuid, uuid[], int, interval, timestamptz) is
  'The claim itself: leases the first due jobs of locked lanes.';

create function private.pace_lanes(p_claim_id uuid, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
begin
  update private.endpoint_lanes as lanes
  set paced_until = private.pace(endpoints.max_per_second, lanes.paced_until, begun.total, p_now)
  from (
    select jobs.endpoint_id, count(*) as total
    from private.delivery_jobs as jobs
    where jobs.claim_id = p_claim_id
    group by jobs.endpoint_id
  ) as begun
  join public.webhook_endpoints as endpoints on endpoints.id = begun.endpoint_id
  where lanes.endpoint_id = begun.endpoint_id and endpoints.max_per_second is not null;
end
$$;

comment on function private.pace_lanes(uuid, timestamptz) is
  'Notes what a claim has begun of endpoints that have a rate.';

create function private.claimed_deliveries(p_claim_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  return (
    select coalesce(jsonb_agg(
      jsonb_build_object(
        'id', jobs.delivery_id,
        'endpoint_id', jobs.endpoint_id,
        'number', jobs.number,
        'failure_count', jobs.failure_count,
        'event', jsonb_build_object(
          'id', events.id,
          'type', events.type,
          'workspace_id', events.workspace_id,
          'sequence', jobs.sequence,
          'subject_type', events.subject_type,
          'subject_id', events.subject_id,
          'created_at', events.created_at,
          'data', events.data
        )
      )
      order by events.workspace_id, jobs.sequence
    ), '[]')
    from private.delivery_jobs as jobs
    join public.events on events.id = jobs.event_id
    where jobs.claim_id = p_claim_id
  );
end
$$;

comment on function private.claimed_deliveries(uuid) is 'What a claim holds, with the events to send.';

-- A call that is repeated names no endpoint that was disabled since: what its deliveries need to be sent
-- is missing, and their lease lapses.
create function private.claimed_endpoints(p_claim_id uuid, p_now timestamptz)
returns jsonb
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'id', endpoints.id,
      'workspace_id', endpoints.workspace_id,
      'url', endpoints.url,
      'encrypted_secrets', (
        select jsonb_agg(secrets.encrypted_secret order by secrets.expires_at desc)
        from private.webhook_secrets as secrets
        where secrets.endpoint_id = endpoints.id
          and secrets.expires_at > p_now
      ),
      'encrypted_headers', (
        select headers.encrypted_headers
        from private.webhook_headers as headers
        where headers.endpoint_id = endpoints.id
      )
    )), '[]')
    from public.webhook_endpoints as endpoints
    where endpoints.status = 'enabled'
      and endpoints.id in (
        select jobs.endpoint_id from private.delivery_jobs as jobs where jobs.claim_id = p_claim_id
      )
  );
end
$$;

comment on function private.claimed_endpoints(uuid, timestamptz) is
  'The endpoints of a claim: [{id, workspace_id, url, encrypted_secrets: current first, encrypted_headers}].';

create function private.next_delivery_in_ms(p_now timestamptz)
returns bigint
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return (
    select ceil(greatest(extract(epoch from min(lanes.ready_at) - p_now), 0) * 1000)::bigint
    from private.endpoint_lanes as lanes
    where lanes.ready_at < 'infinity'
    having count(*) > 0
  );
end
$$;

comment on function private.next_delivery_in_ms(timestamptz) is
  'How long until something can be claimed; null when nothing waits.';

-- Nobody waits for the row: who holds it notes this worker's life, too, or is burying it, and then the
-- next beat brings it back. An insert beside a row that is being changed would wait.
create function private.note_delivery_worker(p_worker_id uuid, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.delivery_workers as workers
  set alive_at = greatest(workers.alive_at, p_now)
  where workers.id = (
    select id from private.delivery_workers where id = p_worker_id for update skip locked
  );
  if not found then
    insert into private.delivery_workers (id, alive_at)
    select p_worker_id, p_now
    where not exists (select from private.delivery_workers where id = p_worker_id)
    on conflict do nothing;
  end if;
end
$$;

comment on function private.note_delivery_worker(uuid, timestamptz) is 'A worker is alive now.';

create function service.keep_delivery_worker(
  p_worker_id uuid, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
begin
  perform private.note_delivery_worker(p_worker_id, p_now);
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.keep_delivery_worker(uuid, timestamptz) is
  'A worker with attempts under way says that it lives.';

-- A worker that has said nothing for six seconds is given up before its leases end. Should it live
-- after all, what it reports is adopted, and consumers know what comes twice by its id.
create function private.bury_delivery_workers(p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_worker_ids uuid[] := array(
    select id from private.delivery_workers
    where alive_at < p_now - interval '6 seconds'
    for update skip locked
  );
  v_endpoint_ids uuid[];
begin
  if v_worker_ids = '{}' then
    return;
  end if;
  v_endpoint_ids := array(
    select distinct endpoint_id
    from private.delivery_jobs
    where claim_id is not null and worker_id = any (v_worker_ids)
  );
  perform private.lock_endpoint_lanes(v_endpoint_ids);
  -- They have waited longest, and go first.
  update private.delivery_jobs
  set run_at = claimed_at
  where endpoint_id = any (v_endpoint_ids)
    and claim_id is not null
    and worker_id = any (v_worker_ids)
    and run_at > p_now;
  perform private.refresh_endpoint_lanes(v_endpoint_ids, p_now);
  delete from private.delivery_workers where id = any (v_worker_ids);
end
$$;

comment on function private.bury_delivery_workers(timestamptz) is
  'Frees what workers hold that fell silent.';

-- The caller holds the lanes. A claim that is repeated takes nothing more.
create function private.lease_deliveries(
  p_claim_id uuid, p_worker_id uuid, p_endpoint_ids uuid[], p_limit int, p_lease interval,
  p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.take_deliveries(
    p_claim_id, p_worker_id, p_endpoint_ids, p_limit, p_lease, p_now
  );
  perform private.pace_lanes(p_claim_id, p_now);
  perform private.refresh_endpoint_lanes(p_endpoint_ids, p_now);
end
$$;

comment on function private.lease_deliveries(uuid, uuid, uuid[], int, interval, timestamptz) is
  'Leases due jobs of locked lanes and sets when these are ready again.';

create function private.claim_exists(p_claim_id uuid)
returns boolean
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return exists (select from private.delivery_jobs as jobs where jobs.claim_id = p_claim_id);
end
$$;

comment on function private.claim_exists(uuid) is 'Whether a claim holds anything.';

create function service.claim_deliveries(
  p_claim_id uuid, p_worker_id uuid, p_limit int default 250,
  p_lease interval default interval '60 seconds', p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_stamped int;
  v_deliveries jsonb;
begin
  v_stamped := private.stamp_events(1000);
  if not private.claim_exists(p_claim_id) then
    perform private.lease_deliveries(
      p_claim_id, p_worker_id, private.lock_ready_lanes(p_limit, p_now), p_limit, p_lease, p_now
    );
  end if;

  v_deliveries := private.claimed_deliveries(p_claim_id);
  perform private.answer_bell('deliver', v_deliveries <> '[]', p_now);
  perform private.note_delivery_worker(p_worker_id, p_now);
  return jsonb_build_object(
    'now', p_now,
    'next_in_ms', case when v_stamped = 1000 then 0 else private.next_delivery_in_ms(p_now) end,
    'endpoints', private.claimed_endpoints(p_claim_id, p_now),
    'deliveries', v_deliveries
  );
end
$$;

comment on function service.claim_deliveries(uuid, uuid, int, interval, timestamptz) is
  'Stamps events, makes their deliveries and leases due ones under p_claim_id; the same id returns the same batch.';
