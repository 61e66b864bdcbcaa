-- Claiming: workers take lanes ahead of time, fairly between workspaces.
--
-- A claim is private: posts stay scheduled, and only lanes change.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Where as many workspaces wait as lanes are wanted, none has a second turn, and a few batches are all
-- that need be looked at: one for each worker there may be, since others may be claiming the same lanes.
-- Where fewer wait, somebody's crowd may hide another's only lane behind it.
create function private.claim_window(p_lanes int, p_ahead interval, p_now timestamptz)
returns int
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  return (
    select case
      when count(*) = p_lanes * 4 and count(distinct ready.workspace_id) < p_lanes
        then greatest(p_lanes * 4, 10000)
      else p_lanes * 4
    end
    from (
      select workspace_id
      from private.account_lanes
      where ready_at <= p_now + p_ahead
        and (claim_id is null or lease_expires_at <= p_now)
      order by ready_at
      limit p_lanes * 4
    ) as ready
  );
end
$$;

comment on function private.claim_window(int, interval, timestamptz) is
  'How many of the lanes that have been ready longest a claim has to look at to be fair.';

-- Takes lanes that are ready within p_ahead, fairly between workspaces: every workspace has its first
-- turn before any has its second. Turns are counted among the lanes that have been ready longest, so
-- that the cost stays that of a batch. Predicate and change are columns of the locked row, so two
-- workers never get one lane.
create function private.take_lanes(
  p_claim_id uuid, p_worker_id uuid, p_lanes int, p_ahead interval, p_lease interval,
  p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_window int := private.claim_window(p_lanes, p_ahead, p_now);
begin
  with candidates as materialized (
    select
      lanes.account_id,
      lanes.ready_at,
      row_number() over (partition by lanes.workspace_id order by lanes.ready_at) as turn
    from (
      select account_id, workspace_id, ready_at
      from private.account_lanes
      where ready_at <= p_now + p_ahead
        and (claim_id is null or lease_expires_at <= p_now)
      order by ready_at
      limit v_window
    ) as lanes
  ), chosen as (
    select lanes.account_id
    from candidates
    join private.account_lanes as lanes on lanes.account_id = candidates.account_id
    where lanes.ready_at <= p_now + p_ahead
      and (lanes.claim_id is null or lanes.lease_expires_at <= p_now)
    order by candidates.turn, candidates.ready_at
    limit p_lanes
    for update of lanes skip locked
  )
  update private.account_lanes as lanes
  set
    claim_id = p_claim_id, worker_id = p_worker_id,
    lease_expires_at = p_now + p_lease, ready_at = p_now + p_lease
  from chosen
  where lanes.account_id = chosen.account_id;
end
$$;

comment on function private.take_lanes(uuid, uuid, int, interval, interval, timestamptz) is
  'The claim itself: locks ready lanes, skips locked ones.';

-- A lane is claimed ahead of the end of what closes it, too, and its worker waits for that: a Go before
-- would be refused, and the lane given back and claimed again at once.
create function private.claimed_batch(
  p_claim_id uuid, p_per_lane int, p_ahead interval, p_now timestamptz
)
returns jsonb
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  return (
    select coalesce(jsonb_agg(
      jsonb_build_object(
        'account_id', lanes.account_id, 'workspace_id', lanes.workspace_id,
        'x_app_id', lanes.x_app_id, 'encrypted_tokens', tokens.encrypted_tokens,
        'tokens_expire_at', tokens.expires_at, 'tokens_version', tokens.version,
        'jobs', batch.jobs
      )
      order by batch.first_run_at
    ), '[]')
    from private.account_lanes as lanes
    join private.account_tokens as tokens on tokens.account_id = lanes.account_id
    cross join lateral (
      select case
        when apps.probe_account_id = lanes.account_id then '-infinity' else apps.breaker_open_until
      end as until
      from private.x_apps as apps
      where apps.id = lanes.x_app_id
    ) as closed
    join lateral (
      select
        min(due.run_at) as first_run_at,
        jsonb_agg(
          jsonb_build_object(
            'post_id', due.post_id, 'position', due.position,
            'run_at', greatest(due.run_at, lanes.blocked_until, closed.until)
          )
          order by due.run_at, due.post_id
        ) as jobs
      from (
        select jobs.post_id, jobs.position, jobs.run_at
        from private.publish_jobs as jobs
        where jobs.account_id = lanes.account_id
          and jobs.state = 'waiting'
          and jobs.run_at <= p_now + p_ahead
          and jobs.stale_at > p_now
          and jobs.media_ready
        order by jobs.run_at, jobs.post_id
        limit p_per_lane
      ) as due
    ) as batch on batch.jobs is not null
    where lanes.claim_id = p_claim_id
      -- Taken over from a worker that died, a lane may be closed for longer than a lease.
      and greatest(lanes.blocked_until, closed.until) <= p_now + p_ahead
  );
end
$$;

comment on function private.claimed_batch(uuid, int, interval, timestamptz) is
  'What a claim holds: lanes with their tokens and first due jobs, the first due first.';

create function service.claim_jobs(
  p_claim_id uuid, p_worker_id uuid, p_lanes int default 500, p_per_lane int default 20,
  p_ahead interval default interval '5 seconds',
  p_lease interval default interval '15 seconds',
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_lanes jsonb := '[]';
begin
  insert into private.publish_workers as workers (id, started_at, seen_at, alive_at)
  values (p_worker_id, p_now, p_now, p_now)
  on conflict (id) do update set seen_at = excluded.seen_at, alive_at = excluded.alive_at;

  if not private.is_publishing_held() then
    if not exists (select from private.account_lanes where claim_id = p_claim_id) then
      perform private.take_lanes(p_claim_id, p_worker_id, p_lanes, p_ahead, p_lease, p_now);
    end if;
    v_lanes := private.claimed_batch(p_claim_id, p_per_lane, p_ahead, p_now);
    -- A lane without a job to send must not be held for the length of a lease. A claim that is repeated
    -- late finds its lane sending: that one is held.
    perform private.refresh_lanes('{}', array(
      select lanes.account_id
      from private.account_lanes as lanes
      where lanes.claim_id = p_claim_id
        and not exists (
          select from private.publish_jobs as jobs
          where jobs.account_id = lanes.account_id and jobs.state = 'sending'
        )
      except
      select (lane ->> 'account_id')::uuid from jsonb_array_elements(v_lanes) as lane
    ));
  end if;
  return jsonb_build_object(
    'now', p_now, 'lease_ms', extract(epoch from p_lease) * 1000, 'lanes', v_lanes
  );
end
$$;

comment on function service.claim_jobs(uuid, uuid, int, int, interval, interval, timestamptz) is
  'Claims lanes due within p_ahead under p_claim_id; the same id returns the same lanes and their first due jobs.';
