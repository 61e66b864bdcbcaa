-- Monthly leaves and the alarms operators watch.
--
-- Big tables are range-partitioned on a UUIDv7 key whose first bits are a timestamp, so a look-up
-- by id touches one leaf. Leaves live in private: row level security on a parent does not protect
-- a leaf that is queried directly.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.alerts (
  kind text not null,
  subject text not null default '',
  detail text not null,
  remedy text not null,
  raised_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  primary key (kind, subject),
  constraint alerts_seen_after_raised check (seen_at >= raised_at)
);

comment on table private.alerts is
  'What an operator must look at now. A row disappears when its cause does; GET /ready lists them.';

alter table private.alerts enable row level security;

create function private.raise_alert(
  p_kind text, p_subject text, p_detail text, p_remedy text,
  p_now timestamptz default clock_timestamp()
)
returns void
language sql
set search_path = ''
as $$
  insert into private.alerts (kind, subject, detail, remedy, raised_at, seen_at)
  values (p_kind, p_subject, p_detail, p_remedy, p_now, p_now)
  on conflict (kind, subject) do update
  set detail = excluded.detail, seen_at = greatest(alerts.raised_at, excluded.seen_at);
$$;

comment on function private.raise_alert(text, text, text, text, timestamptz) is
  'Opens an alert, or marks it as seen again.';

create function private.clear_alert(p_kind text, p_subject text default '')
returns void
language sql
set search_path = ''
as $$
  delete from private.alerts where kind = p_kind and subject = p_subject;
$$;

comment on function private.clear_alert(text, text) is 'Closes an alert whose cause is gone.';

create table private.partition_policies (
  parent text primary key,
  -- Another parent whose leaf of the same month each leaf refers to, and through which column.
  owner text references private.partition_policies (parent),
  owner_column text,
  months_ahead int not null default 3,
  -- Percent of a page that inserts fill. Below 100 where rows change soon after they are written:
  -- the new version then fits beside the old one and touches no index.
  fillfactor int not null default 100,
  -- Whole months after its own that a leaf is kept. Null: for ever.
  keep_months int,
  created_at timestamptz not null default now(),
  constraint partition_policies_months_ahead_at_least_three check (months_ahead >= 3),
  constraint partition_policies_keep_months_positive check (keep_months > 0),
  constraint partition_policies_fillfactor_allowed check (fillfactor between 10 and 100),
  constraint partition_policies_owner_with_column check ((owner is null) = (owner_column is null))
);

comment on table private.partition_policies is
  'One row per partitioned table ("schema.table"): how far ahead leaves are made, whose leaf they belong to.';

-- Serves: the foreign key to itself.
create index partition_policies_owner_idx on private.partition_policies (owner);

alter table private.partition_policies enable row level security;

create function private.leaf_name(p_parent text, p_month timestamptz)
returns text
language sql
immutable
set search_path = ''
as $$
  select split_part(p_parent, '.', 2) || to_char(p_month at time zone 'UTC', '_YYYY_MM');
$$;

comment on function private.leaf_name(text, timestamptz) is
  'Name (in schema private) of the leaf of p_parent for the month that starts at p_month.';

-- Makes one leaf alone and attaches it: "partition of" would lock the parent exclusively. Its
-- foreign key points at the owner's leaf, because keys between parents make a detach lock them all.
create function private.create_leaf(p_parent text, p_month timestamptz)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_policy private.partition_policies;
  v_from timestamptz := private.month_floor(p_month);
  v_leaf text := private.leaf_name(p_parent, private.month_floor(p_month));
begin
  if to_regclass(format('private.%I', v_leaf)) is not null then
    return false;
  end if;
  select * into strict v_policy from private.partition_policies where parent = p_parent;

  execute format(
    'create table private.%I (like %s including all) with (fillfactor = %s)',
    v_leaf, p_parent::regclass, v_policy.fillfactor
  );
  execute format('alter table private.%I enable row level security', v_leaf);
  if v_policy.owner is not null then
    execute format(
      'alter table private.%I add constraint %I foreign key (%I) references private.%I (id) on delete cascade',
      v_leaf, v_leaf || '_owner_fkey', v_policy.owner_column,
      private.leaf_name(v_policy.owner, v_from)
    );
  end if;
  execute format(
    'alter table %s attach partition private.%I for values from (%L) to (%L)',
    p_parent::regclass, v_leaf, private.uuid_v7_floor(v_from),
    private.uuid_v7_floor(private.month_floor(v_from, 1))
  );
  return true;
end
$$;

comment on function private.create_leaf(text, timestamptz) is
  'Creates and attaches the leaf of p_parent for the month of p_month. False when it is there.';

create function private.create_leaves_ahead(p_now timestamptz default clock_timestamp())
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_leaf record;
  v_made int := 0;
begin
  -- A loop, because owners must come first: a leaf refers to its owner's leaf.
  for v_leaf in
    select
      policies.parent,
      private.month_floor(p_now, ahead) as month
    from private.partition_policies as policies,
      generate_series(0, policies.months_ahead) as ahead
    order by policies.owner nulls first, policies.parent, ahead
  loop
    v_made := v_made + private.create_leaf(v_leaf.parent, v_leaf.month)::int;
  end loop;
  return v_made;
end
$$;

comment on function private.create_leaves_ahead(timestamptz) is
  'Makes every leaf from this month to months_ahead. Safe to run again; returns how many it made.';

-- The first month without a leaf need not follow the last one that has one: a gap counts.
create function private.partition_horizons(p_now timestamptz default clock_timestamp())
returns table (parent text, ends_at timestamptz)
language sql
stable
set search_path = ''
as $$
  select
    policies.parent,
    coalesce(
      min(months.starts_at) filter (where leaves.oid is null),
      max(private.month_floor(months.starts_at, 1))
    )
  from private.partition_policies as policies
  cross join generate_series(0, policies.months_ahead + 1) as ahead
  cross join lateral (select private.month_floor(p_now, ahead) as starts_at) as months
  left join pg_catalog.pg_class as leaves
    on leaves.relname = private.leaf_name(policies.parent, months.starts_at)
    and exists (
      select from pg_catalog.pg_inherits as links
      where links.inhrelid = leaves.oid and links.inhparent = policies.parent::regclass
    )
  group by policies.parent;
$$;

comment on function private.partition_horizons(timestamptz) is
  'For each partitioned table, until when rows have a leaf: looked for as far as leaves are made ahead.';

create function private.maintain_partitions(p_now timestamptz default clock_timestamp())
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_made int;
begin
  begin
    v_made := private.create_leaves_ahead(p_now);
  exception
    when others then
      -- The alarm below must still be raised when a leaf cannot be made.
      raise warning 'partition maintenance failed: %', sqlerrm;
      v_made := 0;
  end;

  perform case
    when horizons.ends_at < p_now + interval '2 months' then private.raise_alert(
      'partition-horizon', horizons.parent,
      format('%s has leaves until %s only.', horizons.parent, horizons.ends_at at time zone 'UTC'),
      'Run select private.create_leaves_ahead(); and read its error.', p_now
    )
    else private.clear_alert('partition-horizon', horizons.parent)
  end
  from private.partition_horizons(p_now) as horizons;
  return v_made;
end
$$;

comment on function private.maintain_partitions(timestamptz) is
  'Creates leaves ahead and raises the alert partition-horizon when fewer than two months are left.';
