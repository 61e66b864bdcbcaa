-- In the simulation's own database, time and chance come from the seed. Nothing else is replaced:
-- every function keeps its text but for these calls, and whatever default of a column makes them.

create schema sim;
grant usage on schema sim to public;

create sequence sim.ids;
grant usage on sequence sim.ids to public;

create function sim.clock()
returns timestamptz
language sql
volatile
as $$
  select pg_catalog.current_setting('sim.now')::timestamptz;
$$;

-- Its last half counts up, so that ids made at one instant sort as they were made.
create function sim.uuid()
returns uuid
language sql
volatile
as $$
  select (
    left(md5(made.id::text), 12) || '4' || substr(md5(made.id::text), 13, 3)
    || '8' || lpad(to_hex(made.id), 15, '0')
  )::uuid
  from (select nextval('sim.ids') as id) as made;
$$;

create function sim.random()
returns double precision
language sql
volatile
as $$
  select ('x' || left(md5(nextval('sim.ids')::text), 8))::bit(32)::bigint::double precision / 4294967296;
$$;

grant execute on all functions in schema sim to public;

create function sim.patched(p_text text)
returns text
language sql
immutable
as $$
  select regexp_replace(regexp_replace(regexp_replace(p_text,
    '(pg_catalog\.)?\m(clock_timestamp|statement_timestamp|transaction_timestamp|now)\(\)', 'sim.clock()', 'g'),
    '(pg_catalog\.|extensions\.)?\mgen_random_uuid\(\)', 'sim.uuid()', 'g'),
    '(pg_catalog\.)?\mrandom\(\)', 'sim.random()', 'g');
$$;

do $$
declare
  v_each record;
begin
  for v_each in
    select pg_get_functiondef(procs.oid) as definition
    from pg_proc as procs
    where procs.pronamespace in ('private'::regnamespace, 'public'::regnamespace, 'service'::regnamespace)
      and procs.prokind in ('f', 'p')
  loop
    if sim.patched(v_each.definition) <> v_each.definition then
      execute sim.patched(v_each.definition);
    end if;
  end loop;

  for v_each in
    select attrelid::regclass as parent, attname, pg_get_expr(adbin, adrelid) as expression
    from pg_attrdef
    join pg_attribute on attrelid = adrelid and attnum = adnum
    join pg_class on pg_class.oid = adrelid
    where relnamespace in ('private'::regnamespace, 'public'::regnamespace)
  loop
    if sim.patched(v_each.expression) <> v_each.expression then
      execute format('alter table %s alter column %I set default %s',
        v_each.parent, v_each.attname, sim.patched(v_each.expression));
    end if;
  end loop;

  if exists (
    select from pg_proc
    where pronamespace in ('private'::regnamespace, 'public'::regnamespace, 'service'::regnamespace)
      and prokind in ('f', 'p')
      and pg_get_functiondef(oid)
        ~* '\m(current_timestamp|localtimestamp|timeofday|clock_timestamp\(|gen_random_bytes|pg_sleep)|''now''::'
  ) then
    raise exception 'A function reads a clock or chance that the simulation does not replace.';
  end if;
end
$$;
