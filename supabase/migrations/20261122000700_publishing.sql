-- Publishing: claim ahead, go just before the instant. (Settling is the next file.)
--
-- A claim is private: posts stay scheduled. Go re-checks everything that may have changed, commits
-- the attempt as sending, and only what it returns may be POSTed, once. The primary key of
-- live_attempts lets no segment have two attempts whose outcome is open.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.publish_attempts (
  post_id uuid not null,
  position smallint not null,
  number smallint not null,
  workspace_id uuid not null,
  account_id uuid not null,
  status text not null default 'sending',
  sending_at timestamptz not null,
  -- When the request really left, on the database's clock.
  sent_at timestamptz,
  finished_at timestamptz,
  remote_id text,
  http_status smallint,
  -- {slug, detail, who, remedy}
  error jsonb,
  primary key (post_id, position, number),
  constraint publish_attempts_status_known
    check (status in ('sending', 'accepted', 'refused', 'unknown', 'abandoned')),
  constraint publish_attempts_finished_iff_time
    check ((finished_at is null) = (status = 'sending')),
  constraint publish_attempts_accepted_iff_remote_id
    check ((remote_id is not null) = (status = 'accepted'))
) partition by range (post_id);

comment on table public.publish_attempts is
  'Every time a segment was, or may have been, sent. Partitioned like posts.';

-- Serves: lateness of an account, newest first.
create index publish_attempts_account_id_idx on public.publish_attempts (account_id, post_id desc);

create table private.live_attempts (
  post_id uuid not null,
  position smallint not null,
  number smallint not null,
  account_id uuid not null references public.accounts (id) on delete cascade,
  workspace_id uuid not null,
  token bigint not null,
  go_id uuid not null,
  sending_at timestamptz not null,
  -- The worker sends nothing after that, and the rescuer looks at the attempt.
  deadline_at timestamptz not null,
  -- Null while sending. Set when the outcome is unknown: when the reconciler looks next.
  next_look_at timestamptz,
  look_count int not null default 0,
  -- The look under way, and when it was asked for: what X showed, it showed after that.
  look_id uuid,
  looked_at timestamptz,
  -- Looks that proved X did not have it, after the last moment a frozen worker could have sent it.
  absent_count int not null default 0,
  primary key (post_id, position)
);

comment on table private.live_attempts is
  'Attempts whose outcome is open: being sent, or unknown. One per segment at most.';

-- Serves: the rescuer.
create index live_attempts_deadline_at_idx
  on private.live_attempts (deadline_at) where next_look_at is null;
-- Serves: the reconciler.
create index live_attempts_next_look_at_idx
  on private.live_attempts (next_look_at) where next_look_at is not null;
-- Serves: the foreign key.
create index live_attempts_account_id_idx on private.live_attempts (account_id);

create table private.remote_posts (
  network text not null,
  remote_id text not null,
  post_id uuid not null,
  position smallint not null,
  primary key (network, remote_id)
);

comment on table private.remote_posts is
  'Which segment a post on the network belongs to: to one only, across all months.';

create table private.publish_workers (
  id uuid primary key,
  started_at timestamptz not null,
  seen_at timestamptz not null
);

comment on table private.publish_workers is
  'Workers that claimed lately. The tick rings only for what they cannot carry.';

create table private.incarnation (
  is_only boolean primary key default true,
  system_identifier bigint not null,
  timeline int not null,
  seen_at timestamptz not null default now(),
  held_since timestamptz,
  constraint incarnation_single_row check (is_only)
);

comment on table private.incarnation is
  'Which past this database lives in. A restore or a promoted standby differs, and holds publishing.';

alter table public.publish_attempts enable row level security;
alter table private.live_attempts enable row level security;
alter table private.remote_posts enable row level security;
alter table private.publish_workers enable row level security;
alter table private.incarnation enable row level security;

grant select on public.publish_attempts to authenticated, service_role;

create policy "members can read their workspace's attempts"
  on public.publish_attempts for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

insert into private.partition_policies (parent, owner, owner_column, fillfactor)
values ('public.publish_attempts', 'public.posts', 'post_id', 50);

insert into private.incarnation (system_identifier, timeline)
select control.system_identifier, checkpoint.timeline_id
from pg_catalog.pg_control_system() as control, pg_catalog.pg_control_checkpoint() as checkpoint;

create function private.is_publishing_held()
returns boolean
language sql
stable
set search_path = ''
as $$
  select incarnation.held_since is not null
    or incarnation.system_identifier <> control.system_identifier
    or incarnation.timeline <> checkpoint.timeline_id
  from private.incarnation,
    pg_catalog.pg_control_system() as control,
    pg_catalog.pg_control_checkpoint() as checkpoint;
$$;

comment on function private.is_publishing_held() is
  'True after a restore or a promotion, until somebody has made sure what X already has.';

-- Takes lanes that are ready within p_ahead, fairly between workspaces, and their first due jobs.
-- Predicate and change are columns of the locked row, so two workers never get one lane.
create function private.take_lanes(
  p_claim_id uuid, p_lanes int, p_per_lane int, p_ahead interval, p_lease interval,
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
      limit p_lanes * 4
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
  ), claimed as (
    update private.account_lanes as lanes
    set
      token = lanes.token + 1,
      claim_id = p_claim_id,
      lease_expires_at = p_now + p_lease,
      ready_at = p_now + p_lease
    from chosen
    where lanes.account_id = chosen.account_id
    returning lanes.account_id, lanes.token
  ), heads as (
    select first_jobs.post_id, claimed.token
    from claimed
    cross join lateral (
      select jobs.post_id
      from private.publish_jobs as jobs
      where jobs.account_id = claimed.account_id
        and jobs.state <> 'sending'
        and jobs.run_at <= p_now + p_ahead
        and jobs.stale_at > p_now
        and jobs.media_ready
      order by jobs.run_at, jobs.post_id
      limit p_per_lane
    ) as first_jobs
  )
  update private.publish_jobs as jobs
  set state = 'claimed', token = heads.token
  from heads
  where jobs.post_id = heads.post_id
    -- Again, because a job may have moved while its lane's lock was awaited.
    and jobs.state <> 'sending'
    and jobs.run_at <= p_now + p_ahead;
end
$$;

comment on function private.take_lanes(uuid, int, int, interval, interval, timestamptz) is
  'The claim itself: locks ready lanes, skips locked ones, marks their first due jobs.';

create function private.claimed_batch(p_claim_id uuid)
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
        'account_id', lanes.account_id,
        'workspace_id', lanes.workspace_id,
        'x_app_id', lanes.x_app_id,
        'token', lanes.token,
        'encrypted_tokens', tokens.encrypted_tokens,
        'tokens_expire_at', tokens.expires_at,
        'tokens_version', tokens.version,
        'jobs', batch.jobs
      )
      order by batch.first_run_at
    ), '[]')
    from private.account_lanes as lanes
    join private.account_tokens as tokens on tokens.account_id = lanes.account_id
    join lateral (
      select
        min(jobs.run_at) as first_run_at,
        jsonb_agg(
          jsonb_build_object(
            'post_id', jobs.post_id, 'position', jobs.position, 'run_at', jobs.run_at
          )
          order by jobs.run_at, jobs.post_id
        ) as jobs
      from private.publish_jobs as jobs
      where jobs.account_id = lanes.account_id
        and jobs.state = 'claimed'
        and jobs.token = lanes.token
    ) as batch on batch.jobs is not null
    where lanes.claim_id = p_claim_id
  );
end
$$;

comment on function private.claimed_batch(uuid) is
  'What a claim holds: lanes with their tokens and jobs, the first due first.';

-- Lanes return to the queue; jobs of theirs that were not sent wait again.
create function private.release_lanes(p_claim_id uuid, p_account_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_released uuid[];
begin
  if p_account_ids = '{}' then
    return;
  end if;
  perform private.lock_lanes(p_account_ids);
  with released as (
    update private.account_lanes
    set claim_id = null, lease_expires_at = null
    where claim_id = p_claim_id and account_id = any (p_account_ids)
    returning account_id
  )
  select array_agg(account_id) into v_released from released;

  update private.publish_jobs
  set state = 'waiting', token = null
  where account_id = any (v_released) and state = 'claimed';
  perform private.refresh_lanes(v_released);
end
$$;

comment on function private.release_lanes(uuid, uuid[]) is
  'Gives back lanes a claim still holds; others are left alone.';

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
  insert into private.publish_workers as workers (id, started_at, seen_at)
  values (p_worker_id, p_now, p_now)
  on conflict (id) do update set seen_at = excluded.seen_at;

  if not private.is_publishing_held() then
    if not exists (select from private.account_lanes where claim_id = p_claim_id) then
      perform private.take_lanes(p_claim_id, p_lanes, p_per_lane, p_ahead, p_lease, p_now);
    end if;
    v_lanes := private.claimed_batch(p_claim_id);
    -- A lane without a job to send must not be held for the length of a lease.
    perform private.release_lanes(p_claim_id, array(
      select lanes.account_id
      from private.account_lanes as lanes
      where lanes.claim_id = p_claim_id
        and not exists (
          select from private.publish_jobs as jobs
          where jobs.account_id = lanes.account_id and jobs.token = lanes.token
        )
    ));
  end if;
  return jsonb_build_object(
    'now', p_now, 'lease_ms', extract(epoch from p_lease) * 1000, 'lanes', v_lanes
  );
end
$$;

comment on function service.claim_jobs(uuid, uuid, int, int, interval, interval, timestamptz) is
  'Claims lanes due within p_ahead under p_claim_id; the same id returns the same batch.';

-- The attempts of one Go, with all a worker needs to send them.
create function private.sending_batch(p_go_id uuid, p_post_ids uuid[])
returns jsonb
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
begin
  return (
    with parts as (
      select
        segments.post_id, segments.position, segments.text,
        lag(segments.remote_id) over in_order as previous_remote_id,
        lead(segments.position) over in_order is null as is_last
      from public.post_segments as segments
      where segments.post_id = any (p_post_ids)
      window in_order as (partition by segments.post_id order by segments.position)
    )
    select coalesce(jsonb_agg(jsonb_build_object(
      'post_id', live.post_id,
      'position', live.position,
      'number', live.number,
      'account_id', live.account_id,
      'token', live.token,
      'text', parts.text,
      'reply_to', parts.previous_remote_id,
      'is_last', parts.is_last
    )), '[]')
    from private.live_attempts as live
    join parts using (post_id, position)
    where live.post_id = any (p_post_ids)
      and live.go_id = p_go_id
  );
end
$$;

comment on function private.sending_batch(uuid, uuid[]) is
  'What a Go allowed: [{post_id, position, number, account_id, token, text, reply_to, is_last}].';

-- Commits attempts for the jobs that are still what the claim saw: held by its token, not canceled,
-- not moved, not stale, of an active account that no rate window closes and whose X app may send.
create function private.start_attempts(
  p_go_id uuid, p_claim_id uuid, p_post_ids uuid[], p_lease interval, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  v_post_ids uuid[];
  v_account_ids uuid[];
begin
  with live as (
    insert into private.live_attempts (
      post_id, position, number, account_id, workspace_id, token, go_id, sending_at, deadline_at
    )
    select
      jobs.post_id, jobs.position,
      1 + (
        select coalesce(max(attempts.number), 0)
        from public.publish_attempts as attempts
        where attempts.post_id = jobs.post_id and attempts.position = jobs.position
      ),
      jobs.account_id, jobs.workspace_id, jobs.token, p_go_id, p_now, p_now + p_lease
    from private.publish_jobs as jobs
    join private.account_lanes as lanes
      on lanes.claim_id = p_claim_id
      and lanes.account_id = jobs.account_id
      and lanes.token = jobs.token
      and lanes.lease_expires_at > p_now
      and lanes.blocked_until <= p_now
      and lanes.closed_by = '{}'
    where jobs.post_id = any (p_post_ids)
      and jobs.state = 'claimed'
      and jobs.stale_at > p_now
      and jobs.media_ready
      and (
        select posts.status from public.posts where posts.id = jobs.post_id
      ) in ('scheduled', 'publishing', 'partially_published')
      and (
        select accounts.status from public.accounts where accounts.id = jobs.account_id
      ) = 'active'
      and (
        select apps.breaker_open_until from private.x_apps as apps where apps.id = lanes.x_app_id
      ) <= p_now
    on conflict (post_id, position) do nothing
    returning post_id, position, number, account_id, workspace_id
  ), attempts as (
    insert into public.publish_attempts (
      post_id, position, number, workspace_id, account_id, sending_at
    )
    select post_id, position, number, workspace_id, account_id, p_now from live
  )
  select array_agg(live.post_id), array_agg(distinct live.account_id)
  into v_post_ids, v_account_ids
  from live;

  update private.publish_jobs set state = 'sending' where post_id = any (v_post_ids);
  update public.posts
  set status = 'publishing'
  where id = any (v_post_ids) and status <> 'publishing';
  update public.post_segments as segments
  set status = 'sending'
  where segments.post_id = any (v_post_ids)
    and segments.position = (
      select jobs.position from private.publish_jobs as jobs where jobs.post_id = segments.post_id
    );
  update private.account_lanes
  set lease_expires_at = p_now + p_lease
  where account_id = any (v_account_ids);
end
$$;

comment on function private.start_attempts(uuid, uuid, uuid[], interval, timestamptz) is
  'The check and the commit of a Go, under the locks of its lanes.';

-- After a Go was refused as a whole: whatever is wrong with one post must not stop the others.
create function private.start_attempts_singly(
  p_go_id uuid, p_claim_id uuid, p_post_ids uuid[], p_lease interval, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_post_id uuid;
begin
  foreach v_post_id in array p_post_ids loop
    begin
      perform private.start_attempts(p_go_id, p_claim_id, array[v_post_id], p_lease, p_now);
    exception
      when transaction_rollback or lock_not_available then
        raise;
      when others then
        perform private.raise_alert(
          'go-refused', v_post_id::text, sqlerrm,
          'The post is not sent until this is put right. Report it as a fault of ours.', p_now
        );
    end;
  end loop;
end
$$;

comment on function private.start_attempts_singly(uuid, uuid, uuid[], interval, timestamptz) is
  'Starts attempts one by one, so that a bad one keeps no other from being sent.';

create function service.go(
  p_go_id uuid, p_claim_id uuid, p_post_ids uuid[],
  p_lease interval default interval '30 seconds',
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
begin
  perform private.lock_lanes(array(
    select account_id from private.publish_jobs where post_id = any (p_post_ids)
  ));
  -- Callers change posts only while they hold the lane, so nothing moves from here on.
  if not private.is_publishing_held() then
    begin
      perform private.start_attempts(p_go_id, p_claim_id, p_post_ids, p_lease, p_now);
    exception
      when transaction_rollback or lock_not_available then
        raise;
      when others then
        perform private.start_attempts_singly(p_go_id, p_claim_id, p_post_ids, p_lease, p_now);
    end;
  end if;
  return jsonb_build_object(
    'now', p_now,
    'lease_ms', extract(epoch from p_lease) * 1000,
    'attempts', private.sending_batch(p_go_id, p_post_ids)
  );
end
$$;

comment on function service.go(uuid, uuid, uuid[], interval, timestamptz) is
  'Allows a claim''s posts to be sent now. The same p_go_id returns the same attempts.';

create function public.list_attempts(p_post_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(
    jsonb_agg(
      to_jsonb(attempts) - 'workspace_id' order by attempts.position, attempts.number
    ), '[]'
  )
  from public.publish_attempts as attempts
  where attempts.post_id = p_post_id;
$$;

comment on function public.list_attempts(uuid) is 'Every attempt to send a post, in order.';

grant execute on function public.list_attempts(uuid) to authenticated;

select private.create_leaves_ahead();
