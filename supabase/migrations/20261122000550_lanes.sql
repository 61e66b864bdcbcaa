-- Lanes and jobs: what waits to be published, small whatever the number of posts is.
--
-- An account is a lane. Everything a claim decides by, and everything it changes, are columns of
-- the lane's row, so no account is ever claimed twice. Whoever changes a job locks its lane first:
-- lane, then post, then job, everywhere.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.account_lanes (
  account_id uuid primary key references public.accounts (id) on delete cascade,
  workspace_id uuid not null,
  x_app_id uuid not null,
  -- When a worker may claim the lane: the first waiting job's time, or the end of the block or of
  -- the claim's lease, whichever rules. A lease that Go prolonged is read beside it.
  ready_at timestamptz not null default 'infinity',
  -- The end of a rate window.
  blocked_until timestamptz not null default '-infinity',
  -- Why nothing may be sent until somebody opens the lane again. Any reason closes it.
  closed_by text[] not null default '{}',
  -- Whose the lane is, and the fencing token: every claim brings its own, and it is taken away with
  -- the lane, so that a late worker is recognised.
  claim_id uuid,
  -- Who claimed it last.
  worker_id uuid,
  lease_expires_at timestamptz,
  -- What was sent since the first post of a window, and when that window ends: X counts so, too.
  -- They are columns of the lane because Go changes its row anyway.
  sent_15_min int not null default 0,
  sent_3_h int not null default 0,
  sent_24_h int not null default 0,
  ends_15_min timestamptz not null default '-infinity',
  ends_3_h timestamptz not null default '-infinity',
  ends_24_h timestamptz not null default '-infinity',
  constraint account_lanes_closed_by_known
    check (closed_by <@ array['account', 'workspace', 'suspended', 'budget', 'restored']),
  constraint account_lanes_claimed_with_lease check ((claim_id is null) = (lease_expires_at is null))
) with (fillfactor = 50);

comment on table private.account_lanes is 'One row per account: its place in the queue and who holds it.';

-- Serves: claim_jobs and tick, by time.
create index account_lanes_ready_at_idx on private.account_lanes (ready_at);
-- Serves: the lanes of one claim.
create index account_lanes_claim_id_idx
  on private.account_lanes (claim_id) where claim_id is not null;

create table private.publish_jobs (
  post_id uuid primary key,
  account_id uuid not null references private.account_lanes (account_id) on delete cascade,
  workspace_id uuid not null,
  run_at timestamptz not null,
  -- After that the post's late policy applies instead of sending.
  stale_at timestamptz not null default 'infinity',
  -- Sending from Go to settle. Which jobs a claim waits for, its lane knows: the first ones due.
  state text not null default 'waiting',
  -- Segment to send next.
  position smallint not null default 0,
  -- False while the network does not have its media yet: the job is passed by.
  media_ready boolean not null default true,
  constraint publish_jobs_state_known check (state in ('waiting', 'sending'))
) with (fillfactor = 50);

comment on table private.publish_jobs is
  'One row per post that is still to be sent. Gone when the post reaches an end.';

-- Serves: the first due jobs of a lane.
create index publish_jobs_account_id_run_at_idx
  on private.publish_jobs (account_id, run_at, post_id);
-- Serves: the late policy. Free of state, so that sending touches no index.
create index publish_jobs_stale_at_idx
  on private.publish_jobs (stale_at) where stale_at < 'infinity';
-- Serves: threads that have begun and wait.
create index publish_jobs_begun_idx on private.publish_jobs (post_id) where position > 0;

alter table private.account_lanes enable row level security;
alter table private.publish_jobs enable row level security;

-- Locks lanes in one order, so that batches cannot wait for each other.
create function private.lock_lanes(p_account_ids uuid[])
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  perform from private.account_lanes
  where account_id = any (p_account_ids)
  order by account_id
  for update;
end
$$;

comment on function private.lock_lanes(uuid[]) is 'First lock of every change to a job.';

-- When a free lane may be claimed. A held lane is ready when its lease lapses: nobody moves that.
create function private.refresh_lanes(p_account_ids uuid[], p_released uuid[] default '{}')
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  update private.account_lanes as lanes
  set
    claim_id = null,
    lease_expires_at = null,
    ready_at = greatest(
      lanes.blocked_until,
      case when lanes.closed_by = '{}' then '-infinity' else 'infinity' end::timestamptz,
      (select apps.breaker_open_until from private.x_apps as apps where apps.id = lanes.x_app_id),
      coalesce(
        (
          select jobs.run_at
          from private.publish_jobs as jobs
          where jobs.account_id = lanes.account_id
            and jobs.state = 'waiting'
            and jobs.media_ready
          order by jobs.run_at, jobs.post_id
          limit 1
        ),
        'infinity'
      )
    )
  where lanes.account_id = any (p_account_ids || p_released)
    and (lanes.claim_id is null or lanes.account_id = any (p_released));
end
$$;

comment on function private.refresh_lanes(uuid[], uuid[]) is
  'Sets ready_at of free lanes from their first job, what closes them and the breaker of their app. p_released: lanes to free first.';

-- Takes a lane from a worker that is not sending anything of it, because an earlier job came or the
-- lane was closed. The worker's Go is then refused by the token; nothing has left.
create function private.reclaim_idle_lanes(p_account_ids uuid[])
returns void
language sql
set search_path = ''
as $$
  update private.account_lanes as lanes
  set claim_id = null, lease_expires_at = null
  where lanes.account_id = any (p_account_ids)
    and lanes.claim_id is not null
    and not exists (
      select from private.publish_jobs as jobs
      where jobs.account_id = lanes.account_id and jobs.state = 'sending'
    );
$$;

comment on function private.reclaim_idle_lanes(uuid[]) is
  'Fences off workers that hold lanes without sending from them.';

create function private.close_lanes(p_account_ids uuid[], p_reason text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.lock_lanes(p_account_ids);
  update private.account_lanes
  set closed_by = closed_by || p_reason
  where account_id = any (p_account_ids) and not closed_by @> array[p_reason];
  perform private.reclaim_idle_lanes(p_account_ids);
  perform private.refresh_lanes(p_account_ids);
end
$$;

comment on function private.close_lanes(uuid[], text) is
  'Nothing more is sent from these lanes until they are opened for the same reason.';

create function private.open_lanes(p_account_ids uuid[], p_reason text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.lock_lanes(p_account_ids);
  update private.account_lanes
  set closed_by = array_remove(closed_by, p_reason)
  where account_id = any (p_account_ids) and closed_by @> array[p_reason];
  perform private.refresh_lanes(p_account_ids);
end
$$;

comment on function private.open_lanes(uuid[], text) is
  'Takes one reason away; a lane opens with its last. The tick rings for what is due.';

-- Every account has its lane; an account that may not send has it closed.
create function private.tg_accounts__follow_lane()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.account_lanes (account_id, workspace_id, x_app_id)
  values (new.id, new.workspace_id, new.x_app_id)
  on conflict (account_id) do nothing;

  if new.status = 'active' then
    perform private.open_lanes(array[new.id], 'account');
  else
    perform private.close_lanes(array[new.id], 'account');
  end if;
  return new;
end
$$;

create trigger accounts_after_insert_follow_lane
  after insert on public.accounts
  for each row execute function private.tg_accounts__follow_lane();

create trigger accounts_after_update_follow_lane
  after update of status on public.accounts
  for each row when (old.status is distinct from new.status)
  execute function private.tg_accounts__follow_lane();
