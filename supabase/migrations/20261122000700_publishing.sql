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
  status text not null,
  sending_at timestamptz not null,
  -- When the request really left, on the database's clock.
  sent_at timestamptz,
  finished_at timestamptz not null,
  remote_id text,
  http_status smallint,
  -- {slug, detail, who, remedy}
  error jsonb,
  primary key (post_id, position, number),
  constraint publish_attempts_status_known
    check (status in ('accepted', 'refused', 'unknown', 'abandoned')),
  constraint publish_attempts_accepted_iff_remote_id
    check ((remote_id is not null) = (status = 'accepted'))
) partition by range (post_id);

comment on table public.publish_attempts is
  'Every time a segment was, or may have been, sent, written once it ended. Partitioned like posts.';

-- Serves: lateness of an account, newest first.
create index publish_attempts_account_id_idx on public.publish_attempts (account_id, post_id desc);

create table private.live_attempts (
  post_id uuid not null,
  position smallint not null,
  number smallint not null,
  -- No key to accounts: it would lock the account for every attempt. A trigger forgets them.
  account_id uuid not null,
  workspace_id uuid not null,
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
) with (fillfactor = 70);

comment on table private.live_attempts is
  'Attempts whose outcome is open: being sent, or unknown. One per segment at most.';

-- Serves: the rescuer.
create index live_attempts_deadline_at_idx
  on private.live_attempts (deadline_at) where next_look_at is null;
-- Serves: the reconciler.
create index live_attempts_next_look_at_idx
  on private.live_attempts (next_look_at) where next_look_at is not null;
-- Serves: unknown attempts of one account.
create index live_attempts_account_id_idx
  on private.live_attempts (account_id) where next_look_at is not null;

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
  -- When it last claimed; in the past for ever once it takes no more.
  seen_at timestamptz not null,
  -- When it last said that it lives.
  alive_at timestamptz not null
);

comment on table private.publish_workers is
  'Workers at work. The tick rings only for what they cannot carry, and buries those that fell silent.';

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

-- A promoted standby takes writes at once, and its control file names the new timeline only after its
-- next checkpoint, which may take minutes: what is written now names it from the first moment.
create function private.current_timeline()
returns int
language sql
stable
set search_path = ''
as $$
  select case
    when pg_is_in_recovery() then (select timeline_id from pg_catalog.pg_control_checkpoint())
    else ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int
  end;
$$;

comment on function private.current_timeline() is
  'The timeline of what this database writes; on a standby, that of its last checkpoint.';

insert into private.incarnation (system_identifier, timeline)
select control.system_identifier, private.current_timeline()
from pg_catalog.pg_control_system() as control;

create function private.is_publishing_held()
returns boolean
language sql
stable
set search_path = ''
as $$
  select incarnation.held_since is not null
    or incarnation.system_identifier <> control.system_identifier
    or incarnation.timeline <> private.current_timeline()
  from private.incarnation, pg_catalog.pg_control_system() as control;
$$;

comment on function private.is_publishing_held() is
  'True after a restore or a promotion, until somebody has made sure what X already has.';

-- Definer: whoever deletes an account, what was open of it is forgotten.
create function private.tg_accounts__forget_live_attempts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  delete from private.live_attempts where account_id = old.id;
  return null;
end
$$;

create trigger accounts_after_delete_forget_live_attempts
  after delete on public.accounts
  for each row execute function private.tg_accounts__forget_live_attempts();

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

-- Here and below, the bounds of a batch's ids stand beside the ids: they alone keep the leaves of
-- other months out of a plan that is made once.

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
declare
  v_post_ids uuid[] := array(select id from unnest(p_post_ids) as id order by id);
begin
  return (
    with parts as (
      select
        segments.post_id, segments.position, segments.text, segments.media_ids,
        lag(segments.remote_id) over in_order as previous_remote_id,
        lead(segments.position) over in_order is null as is_last
      from public.post_segments as segments
      where segments.post_id = any (v_post_ids)
        and segments.post_id between v_post_ids[1] and v_post_ids[cardinality(v_post_ids)]
      window in_order as (partition by segments.post_id order by segments.position)
    )
    select coalesce(jsonb_agg(jsonb_build_object(
      'post_id', live.post_id,
      'position', live.position,
      'number', live.number,
      'account_id', live.account_id,
      'text', parts.text,
      'media', case
        when parts.media_ids <> '{}' then private.remote_media(parts.media_ids, live.account_id)
      end,
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
  'What a Go allowed: [{post_id, position, number, account_id, text, reply_to, is_last}].';

-- One post that a worker wants to send, the claim under which it holds the lane, and the instant it waits for.
create type private.go_request as (post_id uuid, claim_id uuid, run_at timestamptz);

-- The jobs that may be sent now: due, not canceled, not stale, of a lane that the claim holds, that
-- nothing closes and whose X app may send. The caller holds the locks of the lanes.
create function private.allowed_jobs(p_wanted private.go_request[], p_now timestamptz)
returns setof private.publish_jobs
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  v_post_ids uuid[] := array(select post_id from unnest(p_wanted));
begin
  return query
  select jobs.*
  from unnest(p_wanted) as wanted
  join private.publish_jobs as jobs on jobs.post_id = wanted.post_id
  join private.account_lanes as lanes
    -- Said so that the index on claim_id is no choice: it would read every lane that is claimed.
    on lanes.account_id = jobs.account_id and (lanes.claim_id = wanted.claim_id) is true
  join private.x_apps as apps on apps.id = lanes.x_app_id
  left join private.live_attempts as live
    on live.post_id = any (v_post_ids)
    and live.post_id = jobs.post_id and live.position = jobs.position
  where jobs.post_id = any (v_post_ids)
    and jobs.state = 'waiting'
    and jobs.media_ready
    and jobs.stale_at > p_now
    -- A job that moved is claimed anew: its worker would send it too early.
    and jobs.run_at <= greatest(p_now, wanted.run_at)
    and lanes.account_id = any (array(
      select account_id from private.publish_jobs where post_id = any (v_post_ids)
    ))
    and lanes.lease_expires_at > p_now
    -- Go is asked for a moment before the instant, which may be the end of a block.
    and lanes.blocked_until <= p_now + interval '100 milliseconds'
    and lanes.closed_by = '{}'
    and (
      apps.breaker_open_until <= p_now + interval '100 milliseconds'
      or apps.probe_account_id = jobs.account_id
    )
    and live.post_id is null;
end
$$;

comment on function private.allowed_jobs(private.go_request[], timestamptz) is
  'Which of the wanted posts may be sent now.';

-- p_account_ids: one for each post that goes out. The lane closes with the last post its window has
-- room for, before X has to say so.
create function private.count_sends(p_account_ids uuid[], p_lease interval, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
begin
  update private.account_lanes as lanes
  set
    lease_expires_at = p_now + p_lease,
    sent_15_min = counts.sent_15_min, ends_15_min = counts.ends_15_min,
    sent_3_h = counts.sent_3_h, ends_3_h = counts.ends_3_h,
    sent_24_h = counts.sent_24_h, ends_24_h = counts.ends_24_h,
    blocked_until = greatest(
      lanes.blocked_until,
      case when counts.sent_15_min >= apps.posts_per_15_min then counts.ends_15_min end,
      case when counts.sent_3_h >= apps.posts_per_3_h then counts.ends_3_h end
    )
  from (
    select account_id, count(*)::int as posts from unnest(p_account_ids) as account_id group by 1
  ) as sending
  join private.account_lanes as before
    on before.account_id = any (p_account_ids) and before.account_id = sending.account_id
  join private.x_apps as apps on apps.id = before.x_app_id
  cross join lateral (
    select
      case when before.ends_15_min > p_now then before.sent_15_min else 0 end + posts as sent_15_min,
      case when before.ends_3_h > p_now then before.sent_3_h else 0 end + posts as sent_3_h,
      case when before.ends_24_h > p_now then before.sent_24_h else 0 end + posts as sent_24_h,
      case when before.ends_15_min > p_now then before.ends_15_min
        else p_now + interval '15 minutes' end as ends_15_min,
      case when before.ends_3_h > p_now then before.ends_3_h
        else p_now + interval '3 hours' end as ends_3_h,
      case when before.ends_24_h > p_now then before.ends_24_h
        else p_now + interval '24 hours' end as ends_24_h
  ) as counts
  where lanes.account_id = any (p_account_ids) and lanes.account_id = before.account_id;
end
$$;

comment on function private.count_sends(uuid[], interval, timestamptz) is
  'Prolongs the leases of lanes that send, and counts what they send in their rate windows.';

create function private.start_attempts(
  p_go_id uuid, p_wanted private.go_request[], p_lease interval, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  v_post_ids uuid[] := array(select post_id from unnest(p_wanted) order by post_id);
  v_account_ids uuid[];
begin
  with posts as (
    update public.posts
    set status = 'publishing'
    from private.allowed_jobs(p_wanted, p_now) as allowed
    where posts.id = any (v_post_ids)
      and posts.id between v_post_ids[1] and v_post_ids[cardinality(v_post_ids)]
      and posts.id = allowed.post_id
      and posts.status in ('scheduled', 'publishing', 'partially_published')
    returning allowed.*
  ), earlier as (
    select post_id, position, max(number) as number
    from public.publish_attempts
    where post_id = any (v_post_ids)
      and post_id between v_post_ids[1] and v_post_ids[cardinality(v_post_ids)]
    group by post_id, position
  ), live as (
    insert into private.live_attempts (
      post_id, position, number, account_id, workspace_id, go_id, sending_at, deadline_at
    )
    select
      posts.post_id, posts.position, 1 + coalesce(earlier.number, 0), posts.account_id,
      posts.workspace_id, p_go_id, p_now, p_now + p_lease
    from posts
    left join earlier using (post_id, position)
  ), segments as (
    update public.post_segments as segments
    set status = 'sending'
    from posts
    where segments.post_id = any (v_post_ids)
      and segments.post_id between v_post_ids[1] and v_post_ids[cardinality(v_post_ids)]
      and segments.post_id = posts.post_id and segments.position = posts.position
  ), jobs as (
    update private.publish_jobs as jobs
    set state = 'sending'
    from posts
    where jobs.post_id = any (v_post_ids) and jobs.post_id = posts.post_id
  )
  select array_agg(account_id) into v_account_ids from posts;
  perform private.count_sends(v_account_ids, p_lease, p_now);
end
$$;

comment on function private.start_attempts(
  uuid, private.go_request[], interval, timestamptz
) is 'The commit of a Go, under the locks of its lanes.';

-- Whatever is wrong with one post must not stop the others of its Go.
create function private.start_attempts_safely(
  p_go_id uuid, p_wanted private.go_request[], p_lease interval, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_one private.go_request;
begin
  perform private.start_attempts(p_go_id, p_wanted, p_lease, p_now);
exception
  when transaction_rollback or lock_not_available then
    raise;
  when others then
    if cardinality(p_wanted) = 1 then
      perform private.raise_alert(
        'go-refused', p_wanted[1].post_id::text, sqlerrm,
        'The post is not sent until this is put right. Report it as a fault of ours.', p_now
      );
      return;
    end if;
    foreach v_one in array p_wanted loop
      perform private.start_attempts_safely(p_go_id, array[v_one], p_lease, p_now);
    end loop;
end
$$;

comment on function private.start_attempts_safely(
  uuid, private.go_request[], interval, timestamptz
) is 'Starts attempts together, or one by one when a bad one is among them.';

-- Definer: nobody may read live attempts; members see those of their posts.
create function private.open_attempts(p_post_id uuid, p_workspace_id uuid)
returns setof public.publish_attempts
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  perform private.require_role(p_workspace_id, 'viewer');
  return query
  select
    live.post_id, live.position, live.number, live.workspace_id, live.account_id,
    'sending', live.sending_at, null::timestamptz, null::timestamptz, null, null::smallint,
    null::jsonb
  from private.live_attempts as live
  where live.post_id = p_post_id
    and live.workspace_id = p_workspace_id
    and live.next_look_at is null;
end
$$;

comment on function private.open_attempts(uuid, uuid) is
  'What is being sent of a post, as attempts without an end. Role viewer.';

grant execute on function private.open_attempts(uuid, uuid) to authenticated;

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
  from (
    select * from public.publish_attempts where post_id = p_post_id
    union all
    select open.*
    from public.posts
    cross join private.open_attempts(posts.id, posts.workspace_id) as open
    where posts.id = p_post_id
  ) as attempts;
$$;

comment on function public.list_attempts(uuid) is 'Every attempt to send a post, in order: ended ones, and the one that is being sent.';

grant execute on function public.list_attempts(uuid) to authenticated;

select private.create_leaves_ahead();
