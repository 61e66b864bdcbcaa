-- Retention of the log of events and of the log of deliveries: whole months are dropped, each with what
-- belongs to it (positions, attempts), which costs no more than a few entries of the catalogue. How
-- long they are kept is keep_months of private.partition_policies.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function private.leaf_months(p_parent text)
returns setof timestamptz
language sql
stable
set search_path = ''
as $$
  select to_timestamp(right(leaves.relname, 7) || '-01 UTC', 'YYYY_MM-DD TZ') as month
  from pg_catalog.pg_inherits as links
  join pg_catalog.pg_class as leaves on leaves.oid = links.inhrelid
  where links.inhparent = p_parent::regclass
  order by month;
$$;

comment on function private.leaf_months(text) is
  'The months a partitioned table has leaves of, oldest first.';

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

create function private.why_deliveries_are_kept(p_month timestamptz)
returns text
language sql
stable
set search_path = ''
as $$
  select 'some of its deliveries are still to be made'
  where exists (
    select from private.delivery_jobs as jobs
    where jobs.delivery_id >= private.uuid_v7_floor(p_month)
      and jobs.delivery_id < private.uuid_v7_floor(private.month_floor(p_month, 1))
  );
$$;

comment on function private.why_deliveries_are_kept(timestamptz) is
  'What keeps the deliveries of a month from being dropped; null when nothing does.';

create function private.why_month_is_kept(p_parent text, p_month timestamptz)
returns text
language sql
stable
set search_path = ''
as $$
  select case p_parent
    when 'public.events' then private.why_events_are_kept(p_month)
    when 'public.webhook_deliveries' then private.why_deliveries_are_kept(p_month)
    else 'nobody knows what may be dropped of it'
  end;
$$;

comment on function private.why_month_is_kept(text, timestamptz) is
  'What keeps a month of a log from being dropped; null when nothing does.';

-- Parents first, and each alone: a writer locks its parent, then its leaf.
create function private.lock_month(p_parents text[], p_month timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_parent text;
  v_leaf text;
begin
  foreach v_parent in array p_parents loop
    execute format('lock table only %s in access exclusive mode', v_parent::regclass);
  end loop;
  foreach v_parent in array p_parents loop
    v_leaf := format('private.%I', private.leaf_name(v_parent, p_month));
    if to_regclass(v_leaf) is not null then
      execute format('lock table %s in access exclusive mode', v_leaf);
    end if;
  end loop;
end
$$;

comment on function private.lock_month(text[], timestamptz) is
  'Keeps everybody away from one month of these tables until the end of the transaction.';

create function private.note_horizons(p_month timestamptz, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_positions text := private.leaf_name('public.event_positions', p_month);
begin
  if to_regclass(format('private.%I', v_positions)) is null then
    return;
  end if;
  execute format(
    'insert into public.event_horizons as horizons (workspace_id, last_sequence, forgotten_at)
     select workspace_id, max(sequence), $1 from private.%I group by workspace_id
     on conflict (workspace_id) do update
     set last_sequence = greatest(horizons.last_sequence, excluded.last_sequence),
       forgotten_at = excluded.forgotten_at', v_positions
  ) using p_now;
end
$$;

comment on function private.note_horizons(timestamptz, timestamptz) is
  'Readers behind a month of events that goes are told so from now on.';

-- Waiting for the lock of the parents would make every writer wait behind it: the next hour is as
-- good. Whether the month may go is asked again under the lock: somebody may have replayed something.
create function private.forget_month(p_parents text[], p_month timestamptz, p_now timestamptz)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '500ms'
as $$
declare
  v_reason text := private.why_month_is_kept(p_parents[1], p_month);
  v_parent text;
begin
  if v_reason is not null then
    return v_reason;
  end if;
  perform private.lock_month(p_parents, p_month);
  v_reason := private.why_month_is_kept(p_parents[1], p_month);
  if v_reason is not null then
    return v_reason;
  end if;
  if p_parents[1] = 'public.events' then
    perform private.note_horizons(p_month, p_now);
  end if;
  -- The last first: it refers to the ones before.
  for v_parent in
    select parents.name
    from unnest(p_parents) with ordinality as parents (name, place)
    order by parents.place desc
  loop
    execute format('drop table if exists private.%I', private.leaf_name(v_parent, p_month));
  end loop;
  return null;
exception
  when lock_not_available then return 'its lock was not to be had';
end
$$;

comment on function private.forget_month(text[], timestamptz, timestamptz) is
  'Drops the leaves of one month; null, or what keeps them.';

-- Oldest first, and none before an older one: what is kept of a log has no gap.
create function private.forget_months(p_parents text[], p_now timestamptz)
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
    select leaves.month
    from private.leaf_months(p_parents[1]) as leaves (month)
    join private.partition_policies as policies on policies.parent = p_parents[1]
    where leaves.month < private.month_floor(p_now, -policies.keep_months)
    order by leaves.month
  loop
    v_reason := private.forget_month(p_parents, v_month, p_now);
    if v_reason is not null then
      perform private.raise_alert(
        'months-not-dropped', p_parents[1],
        format('%s of %s is kept: %s.', to_char(v_month at time zone 'UTC', 'YYYY-MM'), p_parents[1], v_reason),
        'Nothing is lost; it is tried again every hour. Look for an endpoint that fails for months, or a transaction that never ends.',
        p_now
      );
      return v_dropped;
    end if;
    v_dropped := v_dropped + 1;
  end loop;
  perform private.clear_alert('months-not-dropped', p_parents[1]);
  return v_dropped;
end
$$;

comment on function private.forget_months(text[], timestamptz) is
  'Drops months of the first table, and with them those of the others, that are older than its keep_months. Returns how many.';

create function private.forget_events(p_now timestamptz default clock_timestamp())
returns int
language sql
set search_path = ''
as $$
  select private.forget_months(array['public.events', 'public.event_positions'], p_now);
$$;

comment on function private.forget_events(timestamptz) is
  'Drops months of events that are past keep_months. Returns how many.';

create function private.forget_deliveries(p_now timestamptz default clock_timestamp())
returns int
language sql
set search_path = ''
as $$
  select private.forget_months(array['public.webhook_deliveries', 'public.webhook_attempts'], p_now);
$$;

comment on function private.forget_deliveries(timestamptz) is
  'Drops months of the delivery log that are past keep_months. Returns how many.';
