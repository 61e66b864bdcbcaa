-- Collection lanes: when the metrics of a segment are read again.
--
-- The queue mirrors publishing: an account is a lane, and a claim decides by and changes the lane's
-- row alone.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.collection_lanes (
  account_id uuid primary key references public.accounts (id) on delete cascade,
  workspace_id uuid not null,
  x_app_id uuid not null,
  -- When a worker may claim the lane: its first due segment, the end of a block, or of the lease.
  ready_at timestamptz not null default 'infinity',
  -- Infinity while the account has no usable tokens; the end of a rate window otherwise.
  blocked_until timestamptz not null default '-infinity',
  claim_id uuid,
  -- Segments due by then are the claim's batch.
  claimed_at timestamptz,
  -- When metrics.updated was last written for the account.
  announced_at timestamptz not null default '-infinity',
  constraint collection_lanes_claimed_iff_time check ((claim_id is null) = (claimed_at is null))
);

comment on table private.collection_lanes is
  'One row per account: when its metrics are read next, and who reads them. ready_at ends a lease.';

-- Serves: claim_collections and analytics_tick, by time.
create index collection_lanes_ready_at_idx on private.collection_lanes (ready_at);
-- Serves: the repeated call of one claim.
create index collection_lanes_claim_id_idx
  on private.collection_lanes (claim_id) where claim_id is not null;
-- Serves: a rate window or exhausted credits of an X app.
create index collection_lanes_x_app_id_idx on private.collection_lanes (x_app_id);

create table private.metric_schedules (
  post_id uuid not null,
  position smallint not null,
  account_id uuid not null references private.collection_lanes (account_id) on delete cascade,
  remote_id text not null,
  published_at timestamptz not null,
  next_collect_at timestamptz not null,
  -- Readings in a row that changed nothing, and in a row that X did not have the segment.
  unchanged_streak int not null default 0,
  missing_streak int not null default 0,
  primary key (post_id, position)
);

comment on table private.metric_schedules is
  'Segments whose metrics are still read. A row goes when the segment is too old or gone from X.';

-- Serves: the due segments of a lane, and its first one.
create index metric_schedules_account_id_next_collect_at_idx
  on private.metric_schedules (account_id, next_collect_at, post_id, position);

alter table private.collection_lanes enable row level security;
alter table private.metric_schedules enable row level security;

-- X bills a post once per UTC day however often it is read, so the first day is read often and the
-- later ones cost one read each: about a dozen billed reads per segment in all. Counters only the
-- author may see end when a post is 30 days old. Two readings without a change skip a rung.
create function private.next_collection(
  p_published_at timestamptz, p_now timestamptz, p_unchanged int
)
returns timestamptz
language sql
immutable
parallel safe
set search_path = ''
as $$
  with rungs as (
    select p_published_at + rung as at
    from unnest(
      '{10s, 1min, 5min, 15min, 30min, 1h, 2h, 3h, 4h, 5h, 6h, 9h, 12h, 15h, 18h, 21h, 24h, 36h,
        48h, 60h, 72h, 96h, 120h, 144h, 168h, 336h, 504h, 696h}'::interval[]
    ) as rung
    where p_published_at + rung > p_now
  )
  select coalesce(
    (select at from rungs order by at offset least(p_unchanged / 2, 3) limit 1),
    (select max(at) from rungs)
  );
$$;

comment on function private.next_collection(timestamptz, timestamptz, int) is
  'When a segment''s metrics are read next, by its age; null when never again.';

create function private.lock_collection_lanes(p_account_ids uuid[])
returns void
language sql
set search_path = ''
as $$
  select count(*)
  from (
    select from private.collection_lanes
    where account_id = any (p_account_ids)
    order by account_id
    for update
  ) as locked;
$$;

comment on function private.lock_collection_lanes(uuid[]) is
  'Locks lanes in one order, so that batches cannot wait for each other.';

create function private.refresh_collection_lanes(p_account_ids uuid[])
returns void
language sql
set search_path = ''
as $$
  update private.collection_lanes as lanes
  set ready_at = greatest(lanes.blocked_until, coalesce(
    (
      select min(schedules.next_collect_at)
      from private.metric_schedules as schedules
      where schedules.account_id = lanes.account_id
    ),
    'infinity'
  ))
  where lanes.account_id = any (p_account_ids)
    and lanes.claim_id is null;
$$;

comment on function private.refresh_collection_lanes(uuid[]) is
  'Sets ready_at of free lanes from their first segment and their block.';

-- Reading needs tokens, not permission to publish: a paused account is still measured.
create function private.tg_accounts__keep_collection_lane()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.collection_lanes (account_id, workspace_id, x_app_id)
  values (new.id, new.workspace_id, new.x_app_id)
  on conflict (account_id) do nothing;

  perform private.lock_collection_lanes(array[new.id]);
  update private.collection_lanes
  set blocked_until = case
    when new.status in ('active', 'paused') then '-infinity' else 'infinity'
  end::timestamptz
  where account_id = new.id;
  perform private.refresh_collection_lanes(array[new.id]);
  return new;
end
$$;

create trigger accounts_after_insert_keep_collection_lane
  after insert on public.accounts
  for each row execute function private.tg_accounts__keep_collection_lane();

create trigger accounts_after_update_keep_collection_lane
  after update of status on public.accounts
  for each row when (old.status is distinct from new.status)
  execute function private.tg_accounts__keep_collection_lane();

insert into private.collection_lanes (account_id, workspace_id, x_app_id, blocked_until)
select
  accounts.id, accounts.workspace_id, accounts.x_app_id,
  case when accounts.status in ('active', 'paused') then '-infinity' else 'infinity' end::timestamptz
from public.accounts;
