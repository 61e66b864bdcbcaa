-- Events: the one log. Outbox of webhooks, audit trail and activity feed in one table.
--
-- The transaction that changes state writes the event, once and for good. A single short sequencer
-- gives it its position in its workspace's log after the commit, so a reader of positions never
-- misses a late commit and no state change touches a per-workspace counter.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.events (
  id uuid not null default private.uuid_v7(),
  workspace_id uuid not null,
  type text not null,
  subject_type text not null,
  subject_id uuid not null,
  actor_type text not null
    default case when auth.uid() is null then 'system' else 'user' end,
  actor_id uuid default auth.uid(),
  data jsonb not null default '{}',
  changes jsonb,
  created_at timestamptz not null default clock_timestamp(),
  is_deferred boolean not null
    default coalesce(current_setting('myposts.defers_broadcasts', true) = 'on', false),
  primary key (id),
  constraint events_type_dotted check (type ~ '^[a-z_]+\.[a-z_]+$'),
  constraint events_actor_known check (actor_type in ('user', 'system'))
) partition by range (id);

comment on table public.events is
  'What happened. Append-only. Its order is that of event_positions; readers use public.activity.';
comment on column public.events.data is 'What webhooks and readers get.';
comment on column public.events.is_deferred is
  'Realtime tells of it once it is stamped, together with others, instead of at once. What happens by the thousand is written so.';
comment on column public.events.changes is 'For the audit: {"field": {"before": …, "after": …}}.';

-- Beside the events, because stamping a wide row would write all of it and its index entries again.
create table public.event_positions (
  workspace_id uuid not null,
  sequence bigint not null,
  -- No key to the event: checking one would lock, and so write, the event's row.
  event_id uuid not null,
  primary key (workspace_id, sequence, event_id),
  constraint event_positions_sequence_positive check (sequence > 0)
) partition by range (event_id);

comment on table public.event_positions is
  'The place of each event in its workspace''s log, counted from 1 without a gap. Written by the sequencer alone; leaves go with those of events.';

create table private.event_sequences (
  -- No key to workspaces: the sequencer must not stop at the last events of a deleted one.
  workspace_id uuid primary key,
  last_sequence bigint not null
  -- A busy workspace's row changes with every batch: its versions stay on one page.
) with (fillfactor = 50);

comment on table private.event_sequences is
  'Last sequence of each workspace. Touched by the sequencer alone.';

-- What the sequencer has still to do needs no log of its own: a crash empties both of these, as do a
-- promotion and a restore, and then the tick looks up what has no position.
create unlogged table private.unstamped_events (
  transaction_id xid8 not null default pg_current_xact_id(),
  event_id uuid not null,
  workspace_id uuid not null,
  primary key (transaction_id, event_id)
);

comment on table private.unstamped_events is
  'Events without a position, by the transaction that wrote them.';

create unlogged table private.sequencer_progress (
  is_only boolean primary key default true,
  -- Transactions before this one are done, but for those that were open.
  seen_before xid8 not null default '0',
  open_ids xid8[] not null default '{}',
  constraint sequencer_progress_single_row check (is_only)
);

comment on table private.sequencer_progress is
  'One row: whose events were stamped. Keeps the sequencer from reading what it has stamped, which stays in the way for as long as any transaction is open.';

insert into private.sequencer_progress default values;

-- A restore forgets the end of the log and writes another one over the same sequences.
create table public.event_forks (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  -- Up to here the log is what it was before.
  last_sequence bigint not null,
  forked_at timestamptz not null
);

comment on table public.event_forks is
  'Where a workspace''s log goes on from an earlier moment. Cursors carry the newest fork they know.';

-- Serves: the newest fork of a workspace, and the foreign key.
create index event_forks_workspace_id_idx on public.event_forks (workspace_id, forked_at desc);

create table public.event_horizons (
  workspace_id uuid primary key,
  -- Up to here, and including it, events are no longer kept.
  last_sequence bigint not null,
  forgotten_at timestamptz not null
);

comment on table public.event_horizons is
  'Where what is kept of a workspace''s log begins. No row: with the first event.';

alter table public.events enable row level security;
alter table public.event_horizons enable row level security;
alter table public.event_positions enable row level security;
alter table public.event_forks enable row level security;
alter table private.event_sequences enable row level security;
alter table private.unstamped_events enable row level security;
alter table private.sequencer_progress enable row level security;

grant select on public.events, public.event_positions, public.event_forks, public.event_horizons
  to authenticated, service_role;

create policy "members can read where their workspace's log forks"
  on public.event_forks for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

create policy "members can read where their workspace's log begins"
  on public.event_horizons for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

create policy "members can read their workspace's events"
  on public.events for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

create policy "members can read the order of their workspace's events"
  on public.event_positions for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

create view public.activity with (security_invoker = true) as
select
  positions.workspace_id, positions.sequence, events.id, events.type, events.subject_type,
  events.subject_id, events.actor_type, events.actor_id, events.data, events.changes,
  events.created_at
from public.event_positions as positions
join public.events on events.id = positions.event_id;

comment on view public.activity is
  'Stamped events with their sequence, changes included. Ask for one workspace, by sequence.';

grant select on public.activity to authenticated, service_role;

insert into private.partition_policies (parent, keep_months)
values ('public.events', 13), ('public.event_positions', 13);

-- Definer: whoever writes an event, it waits for its position.
create function private.tg_events__await_stamp()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.unstamped_events (event_id, workspace_id)
  select new_events.id, new_events.workspace_id from new_events;
  return null;
end
$$;

create trigger events_after_insert_await_stamp
  after insert on public.events
  referencing new table as new_events
  for each statement execute function private.tg_events__await_stamp();

-- The row that waits and the event commit together, so one statement sees both or neither.
create function private.resume_stamping()
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from private.sequencer_progress)
    or not pg_try_advisory_xact_lock(hashtext('private.stamp_events'))
  then
    return false;
  end if;
  insert into private.unstamped_events (event_id, workspace_id)
  select events.id, events.workspace_id
  from public.events
  where not exists (
    select from public.event_positions as positions where positions.event_id = events.id
  )
  and not exists (
    select from private.unstamped_events as waiting where waiting.event_id = events.id
  );
  insert into private.sequencer_progress default values;
  return true;
end
$$;

comment on function private.resume_stamping() is
  'After a crash, a promotion or a restore: begins anew with every event that has no position. Reads the whole log, once.';

-- Only what was written by transactions that ended since the last time is read, however much is dead
-- or still open. What is found and the snapshot it was found in are of one statement.
create function private.find_unstamped(
  p_progress private.sequencer_progress, p_limit int,
  out places tid[], out seen_in pg_snapshot
)
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
begin
  select array_agg(due.place), pg_current_snapshot()
  into places, seen_in
  from (
    select committed.place
    from (
      select ctid as place, event_id from private.unstamped_events
      where transaction_id >= p_progress.seen_before
      union all
      select ctid, event_id from private.unstamped_events
      where transaction_id < p_progress.seen_before
        and transaction_id = any (array(
          select unnest(p_progress.open_ids) except select pg_snapshot_xip(pg_current_snapshot())
        ))
    ) as committed
    order by committed.event_id
    limit p_limit
  ) as due;
end
$$;

comment on function private.find_unstamped(private.sequencer_progress, int) is
  'Where committed events wait for their position, the oldest first, and the snapshot that shows them.';

create function private.place_events(p_places tid[])
returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
declare
  v_placed int;
begin
  with taken as (
    delete from private.unstamped_events
    where ctid = any (p_places)
    returning event_id, workspace_id
  ), counts as (
    select workspace_id, count(*) as event_count from taken group by workspace_id
  ), known as (
    update private.event_sequences as sequences
    set last_sequence = sequences.last_sequence + counts.event_count
    from counts
    where sequences.workspace_id = counts.workspace_id
    returning sequences.workspace_id, sequences.last_sequence
  ), added as (
    insert into private.event_sequences (workspace_id, last_sequence)
    select counts.workspace_id, counts.event_count
    from counts
    where not exists (select from known where known.workspace_id = counts.workspace_id)
    returning workspace_id, last_sequence
  )
  insert into public.event_positions (workspace_id, sequence, event_id)
  select
    taken.workspace_id,
    counters.last_sequence
      - row_number() over (partition by taken.workspace_id order by taken.event_id desc) + 1,
    taken.event_id
  from taken
  join (select * from known union all select * from added) as counters
    on counters.workspace_id = taken.workspace_id;
  get diagnostics v_placed = row_count;
  return v_placed;
end
$$;

comment on function private.place_events(tid[]) is
  'Gives events that wait at these places the next positions of their logs. Returns how many.';

-- One sequencer at a time: whoever does not get the lock has nothing to do. Its own id counts as open:
-- it may yet write events after this.
create function private.stamp_events(p_limit int default 5000)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_progress private.sequencer_progress;
  v_places tid[];
  v_seen_in pg_snapshot;
begin
  if not pg_try_advisory_xact_lock(hashtext('private.stamp_events')) then
    return 0;
  end if;
  select * into v_progress from private.sequencer_progress;
  if not found then
    return 0;
  end if;
  select found_now.places, found_now.seen_in into v_places, v_seen_in
  from private.find_unstamped(v_progress, p_limit) as found_now;
  if coalesce(cardinality(v_places), 0) < p_limit then
    update private.sequencer_progress
    set
      seen_before = pg_snapshot_xmax(v_seen_in),
      open_ids = array(select pg_snapshot_xip(v_seen_in)) || pg_current_xact_id();
  end if;
  if v_places is null then
    return 0;
  end if;
  return private.place_events(v_places);
end
$$;

comment on function private.stamp_events(int) is
  'Gives up to p_limit committed events their place in their workspace''s log. Returns how many.';

create function service.stamp_events()
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  select to_jsonb(private.stamp_events());
$$;

comment on function service.stamp_events() is
  'What a worker that has settled much asks for, so that readers and listeners need not wait for a tick.';

create function private.fork_events(p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  insert into public.event_forks (workspace_id, last_sequence, forked_at)
  select sequences.workspace_id, sequences.last_sequence, p_now
  from private.event_sequences as sequences
  join public.workspaces on workspaces.id = sequences.workspace_id;
  -- The transactions it tells of may be those of another cluster.
  delete from private.sequencer_progress;
$$;

comment on function private.fork_events(timestamptz) is
  'From here on every log differs from the one that readers may have seen.';

-- Where a reader stands who knows the log up to p_after of fork p_fork (null: before any).
create function public.locate_event_cursor(p_workspace_id uuid, p_after bigint, p_fork uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with place as (
    select coalesce(p_workspace_id, private.personal_workspace_id()) as workspace_id
  ), forks as (
    select event_forks.*
    from public.event_forks
    where event_forks.workspace_id = (select place.workspace_id from place)
  ), missed as (
    -- Forks made after the one the reader knows; all of them when his own is lost.
    select min(forks.last_sequence) as last_sequence
    from forks
    where forks.forked_at > coalesce(
      (select known.forked_at from forks as known where known.id = p_fork), '-infinity'
    )
  )
  select jsonb_build_object(
    'fork', (select forks.id from forks order by forks.forked_at desc limit 1),
    'lost_after', (
      select missed.last_sequence from missed where missed.last_sequence < p_after
    ),
    'forgotten_to', (
      select horizons.last_sequence
      from public.event_horizons as horizons
      where horizons.workspace_id = (select place.workspace_id from place)
        and horizons.last_sequence > p_after
    )
  );
$$;

comment on function public.locate_event_cursor(uuid, bigint, uuid) is
  '{fork: the newest, lost_after: where a cursor of a lost past has to go back to, or null, forgotten_to: the last event that is kept no longer when the cursor is before it, or null}.';

-- Events of a workspace after a sequence (null: from where the log begins), as its caller may see
-- them. p_filter may hold types, subject_id and account_id. Filtered, a page looks at 2,000 events at
-- most, so that rare ones cost no more than frequent ones: it may be short, or empty, with more to come.
create function public.list_events(
  p_workspace_id uuid, p_after bigint default null, p_limit int default 100,
  p_filter jsonb default '{}'
)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with wanted as (
    select
      coalesce(p_workspace_id, private.personal_workspace_id()) as workspace_id,
      least(greatest(p_limit, 1), 100) as page_size,
      case p_filter when '{}' then least(greatest(p_limit, 1), 100) else 2000 end as scan_size
  ), examined as materialized (
    select activity.*, row_number() over (order by activity.sequence) as place
    from public.activity
    where activity.workspace_id = (select wanted.workspace_id from wanted)
      and activity.sequence > coalesce(p_after, (
        select horizons.last_sequence from public.event_horizons as horizons
        where horizons.workspace_id = (select wanted.workspace_id from wanted)
      ), 0)
    order by activity.sequence
    limit (select wanted.scan_size + 1 from wanted)
  ), matching as (
    select
      to_jsonb(examined) - 'changes' - 'place' as event, examined.sequence,
      row_number() over (order by examined.sequence) as number
    from examined
    where examined.place <= (select wanted.scan_size from wanted)
      and (p_filter -> 'types' is null or p_filter -> 'types' ? examined.type)
      and examined.subject_id = coalesce((p_filter ->> 'subject_id')::uuid, examined.subject_id)
      and (
        p_filter ->> 'account_id' is null
        or examined.subject_id = (p_filter ->> 'account_id')::uuid
        or examined.data ->> 'account_id' = p_filter ->> 'account_id'
      )
  ), sums as (
    select
      (select count(*) from matching) > wanted.page_size as is_full,
      (select count(*) from examined) > wanted.scan_size as has_unread,
      wanted.page_size, wanted.scan_size
    from wanted
  )
  select jsonb_build_object(
    'events', (
      select coalesce(jsonb_agg(matching.event order by matching.sequence), '[]')
      from matching where matching.number <= sums.page_size
    ),
    'has_more', sums.is_full or sums.has_unread,
    'read_to', case
      when sums.is_full then (
        select max(matching.sequence) from matching where matching.number <= sums.page_size
      )
      else (select max(examined.sequence) from examined where examined.place <= sums.scan_size)
    end
  )
  from sums;
$$;

comment on function public.list_events(uuid, bigint, int, jsonb) is
  '{events: stamped events after a sequence, oldest first, at most 100, has_more, read_to: the last sequence looked at, null when there is none}.';

-- What is written but not yet stamped comes after it.
create function public.end_of_events(p_workspace_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_workspace_id uuid := coalesce(p_workspace_id, private.personal_workspace_id());
  v_last_sequence bigint := (
    select positions.sequence
    from public.event_positions as positions
    where positions.workspace_id = v_workspace_id
    order by positions.sequence desc
    limit 1
  );
begin
  return jsonb_build_object(
    'last_sequence', coalesce(v_last_sequence, (
      select horizons.last_sequence
      from public.event_horizons as horizons
      where horizons.workspace_id = v_workspace_id
    )),
    'fork', (
      select forks.id
      from public.event_forks as forks
      where forks.workspace_id = v_workspace_id
      order by forks.forked_at desc
      limit 1
    )
  );
end
$$;

comment on function public.end_of_events(uuid) is
  '{last_sequence: of the newest event with a place in the log, null when there was none yet, fork: the newest}.';

grant execute on function public.end_of_events(uuid) to authenticated;
grant execute on function public.list_events(uuid, bigint, int, jsonb) to authenticated;
grant execute on function public.locate_event_cursor(uuid, bigint, uuid) to authenticated;

select private.create_leaves_ahead();
