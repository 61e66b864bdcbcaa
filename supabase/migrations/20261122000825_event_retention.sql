-- Retention of the log: whole months are dropped, events and positions together, which costs no more
-- than two entries of the catalogue. How long they are kept is keep_months of private.partition_policies.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- A month of which anything has still to be stamped or delivered stays.
create function private.why_events_are_kept(p_month timestamptz)
returns text
language sql
stable
set search_path = ''
as $$
  select case
    when not exists (select from private.sequencer_progress) or exists (
      select from private.unstamped_events as waiting
      where waiting.event_id >= private.uuid_v7_floor(p_month)
        and waiting.event_id < private.uuid_v7_floor(private.month_floor(p_month, 1))
    ) then 'some of its events have no position yet'
    when exists (
      select from private.delivery_jobs as jobs
      where jobs.event_id >= private.uuid_v7_floor(p_month)
        and jobs.event_id < private.uuid_v7_floor(private.month_floor(p_month, 1))
    ) then 'some of its events are still being delivered'
  end;
$$;

comment on function private.why_events_are_kept(timestamptz) is
  'What keeps the events of a month from being dropped; null when nothing does.';

-- Readers behind what goes are told so, hence the horizon. Waiting for the lock of the parents would
-- make every writer of events wait behind it: the next hour is as good.
create function private.drop_events_of(p_month timestamptz, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
set lock_timeout = '500ms'
as $$
declare
  v_positions text := private.leaf_name('public.event_positions', p_month);
begin
  if to_regclass(format('private.%I', v_positions)) is not null then
    execute format(
      'insert into public.event_horizons as horizons (workspace_id, last_sequence, forgotten_at)
       select workspace_id, max(sequence), $1 from private.%I group by workspace_id
       on conflict (workspace_id) do update
       set last_sequence = greatest(horizons.last_sequence, excluded.last_sequence),
         forgotten_at = excluded.forgotten_at', v_positions
    ) using p_now;
  end if;
  execute format(
    'drop table if exists private.%I, private.%I',
    v_positions, private.leaf_name('public.events', p_month)
  );
end
$$;

comment on function private.drop_events_of(timestamptz, timestamptz) is
  'Drops the leaves of one month of events and of their positions.';

-- Oldest first, and none before an older one: what is kept of a log has no gap.
create function private.forget_events(p_now timestamptz default clock_timestamp())
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_month timestamptz;
  v_reason text;
  v_dropped int := 0;
begin
  for v_month in
    select to_timestamp(right(leaves.relname, 7) || '-01 UTC', 'YYYY_MM-DD TZ')
    from pg_catalog.pg_inherits as links
    join pg_catalog.pg_class as leaves on leaves.oid = links.inhrelid
    join private.partition_policies as policies on policies.parent = 'public.events'
    where links.inhparent = 'public.events'::regclass
      and right(leaves.relname, 7) < to_char(
        private.month_floor(p_now, -policies.keep_months) at time zone 'UTC', 'YYYY_MM'
      )
    order by leaves.relname
  loop
    v_reason := private.why_events_are_kept(v_month);
    if v_reason is null then
      begin
        perform private.drop_events_of(v_month, p_now);
        v_dropped := v_dropped + 1;
      exception
        when lock_not_available then v_reason := 'its lock was not to be had';
      end;
    end if;
    if v_reason is not null then
      perform private.raise_alert(
        'events-not-dropped', '',
        format('%s of %s is kept: %s.', 'public.events', to_char(v_month at time zone 'UTC', 'YYYY-MM'), v_reason),
        'Nothing is lost; it is tried again every hour. Look for an endpoint that fails for months, or a transaction that never ends.',
        p_now
      );
      return v_dropped;
    end if;
  end loop;
  perform private.clear_alert('events-not-dropped');
  return v_dropped;
end
$$;

comment on function private.forget_events(timestamptz) is
  'Drops months of events that are older than partition_policies.keep_months. Returns how many.';
