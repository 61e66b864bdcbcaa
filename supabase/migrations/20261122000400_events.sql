-- Events: the one log. Outbox of webhooks, audit trail and activity feed in one table.
--
-- The transaction that changes state writes the event. Its sequence is null until a single short
-- sequencer stamps it after the commit, so a reader of stamped rows never misses a late commit and
-- no state change touches a per-workspace counter.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.events (
  id uuid not null default private.uuid_v7(),
  workspace_id uuid not null,
  sequence bigint,
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
  constraint events_actor_known check (actor_type in ('user', 'system')),
  constraint events_sequence_positive check (sequence > 0)
) partition by range (id);

comment on table public.events is
  'What happened, in order, per workspace. Append-only: only sequence is ever set, once.';
comment on column public.events.sequence is
  'Position in the workspace''s log; null until stamped. Readers use stamped rows only.';
comment on column public.events.data is 'What webhooks and readers get.';
comment on column public.events.is_deferred is
  'Realtime tells of it once it is stamped, together with others, instead of at once. What happens by the thousand is written so.';
comment on column public.events.changes is 'For the audit: {"field": {"before": …, "after": …}}.';

-- Serves: GET /events?after= and deliveries, in order.
create index events_workspace_sequence_idx
  on public.events (workspace_id, sequence) where sequence is not null;
-- Serves: the sequencer.
create index events_unstamped_idx on public.events (id) where sequence is null;

create table private.event_sequences (
  -- No key to workspaces: the sequencer must not stop at the last events of a deleted one.
  workspace_id uuid primary key,
  last_sequence bigint not null
);

comment on table private.event_sequences is
  'Last stamped sequence of each workspace. Touched by the sequencer alone.';

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

alter table public.events enable row level security;
alter table private.event_sequences enable row level security;
alter table public.event_forks enable row level security;

grant select on public.events, public.event_forks to authenticated, service_role;

create policy "members can read where their workspace's log forks"
  on public.event_forks for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

create policy "members can read their workspace's events"
  on public.events for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

insert into private.partition_policies (parent) values ('public.events');

-- One sequencer at a time: whoever does not get the lock has nothing to do.
create function private.stamp_events(p_limit int default 5000)
returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  v_stamped int;
begin
  if not pg_try_advisory_xact_lock(hashtext('private.stamp_events')) then
    return 0;
  end if;

  with pending as (
    select events.id, events.workspace_id
    from public.events
    where events.sequence is null
    order by events.id
    limit p_limit
  ), counters as (
    insert into private.event_sequences as counters (workspace_id, last_sequence)
    select pending.workspace_id, count(*)
    from pending
    group by pending.workspace_id
    on conflict (workspace_id) do update
    set last_sequence = counters.last_sequence + excluded.last_sequence
    returning workspace_id, last_sequence
  ), numbered as (
    select
      pending.id,
      counters.last_sequence
        - row_number() over (partition by pending.workspace_id order by pending.id desc)
        + 1 as sequence
    from pending
    join counters using (workspace_id)
  )
  update public.events
  set sequence = numbered.sequence
  from numbered
  where events.id = any (array(select id from pending))
    and events.id = numbered.id
    and events.sequence is null;
  get diagnostics v_stamped = row_count;
  return v_stamped;
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
  select counters.workspace_id, counters.last_sequence, p_now
  from private.event_sequences as counters
  join public.workspaces on workspaces.id = counters.workspace_id;
$$;

comment on function private.fork_events(timestamptz) is
  'From here on every log differs from the one that readers may have seen.';

-- Where a reader goes on who knows the log up to p_after of fork p_fork (null: before any). Null
-- when what he read last is of a past that is lost, and where the log that stands parts from it.
create function public.locate_event_cursor(p_workspace_id uuid, p_after bigint, p_fork uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with forks as (
    select event_forks.*
    from public.event_forks
    where event_forks.workspace_id = coalesce(p_workspace_id, private.personal_workspace_id())
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
    )
  );
$$;

comment on function public.locate_event_cursor(uuid, bigint, uuid) is
  '{fork: the newest, lost_after: where a cursor of a lost past has to go back to, or null}.';

-- Events of a workspace after a cursor, as its caller may see them.
create function public.list_events(
  p_workspace_id uuid, p_after bigint default 0, p_limit int default 100
)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(page) - 'changes' - 'is_deferred' order by page.sequence), '[]')
  from (
    select events.*
    from public.events
    where events.workspace_id = coalesce(p_workspace_id, private.personal_workspace_id())
      and events.sequence > p_after
    order by events.sequence
    limit least(greatest(p_limit, 1), 101)
  ) as page;
$$;

comment on function public.list_events(uuid, bigint, int) is
  'Stamped events after a sequence, oldest first, at most 101: a page and the row that tells of a next one.';

grant execute on function public.list_events(uuid, bigint, int) to authenticated;
grant execute on function public.locate_event_cursor(uuid, bigint, uuid) to authenticated;

select private.create_leaves_ahead();
