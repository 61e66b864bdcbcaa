-- Everything migrations make, one line per object: kind, name, definition. Two databases with equal
-- lines have equal catalogues.
with
ours as (
  select oid, nspname from pg_namespace
  where nspname !~ '^pg_'
    and nspname not in (
      'information_schema', 'auth', 'realtime', 'vault', 'cron', 'net', 'platform', 'extensions',
      'supabase_migrations'
    )
),
relations as (
  select c.*, ours.nspname from pg_class as c join ours on ours.oid = c.relnamespace
),
functions as (
  select p.* from pg_proc as p join ours on ours.oid = p.pronamespace where p.prokind <> 'a'
)
select 'schema' as kind, nspname::text as name,
  concat_ws(' ', pg_get_userbyid(nspowner), (select array_agg(x::text order by x::text) from unnest(nspacl) as x)) as definition
from pg_namespace join ours using (oid, nspname)
union all
select 'relation', oid::regclass::text,
  concat_ws(' ', relkind, relpersistence, pg_get_userbyid(relowner), relrowsecurity, relforcerowsecurity,
    relispartition, pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid), reloptions, relreplident,
    (select array_agg(x::text order by x::text) from unnest(relacl) as x),
    case when relkind in ('v', 'm') then pg_get_viewdef(oid) end)
from relations where relkind not in ('i', 'I')
union all
select 'column', a.attrelid::regclass || '.' || a.attname,
  concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
    pg_get_expr(d.adbin, d.adrelid),
    (select array_agg(x::text order by x::text) from unnest(a.attacl) as x))
from pg_attribute as a
join relations as c on c.oid = a.attrelid and c.relkind not in ('i', 'I')
left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped
union all
select 'constraint', coalesce(nullif(conrelid, 0)::regclass::text, contypid::regtype::text) || '.' || conname,
  concat_ws(' ', pg_get_constraintdef(con.oid), convalidated)
from pg_constraint as con join ours on ours.oid = con.connamespace
union all
select 'index', indexrelid::regclass::text, concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid)
from pg_index join relations as c on c.oid = indexrelid
union all
select 'function', oid::regprocedure::text,
  concat_ws(' ', pg_get_userbyid(proowner), pg_get_functiondef(oid),
    (select array_agg(x::text order by x::text) from unnest(proacl) as x))
from functions
union all
select 'trigger', tgrelid::regclass || '.' || tgname, concat_ws(' ', pg_get_triggerdef(t.oid), tgenabled)
from pg_trigger as t
join pg_class as c on c.oid = t.tgrelid
join pg_namespace as n on n.oid = c.relnamespace
where not tgisinternal and n.nspname !~ '^pg_'
union all
select 'policy', polrelid::regclass || '.' || polname,
  concat_ws(' ', polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid),
    pg_get_expr(polwithcheck, polrelid))
from pg_policy
union all
select 'type', t.oid::regtype::text,
  concat_ws(' ', typtype, format_type(typbasetype, typtypmod), typnotnull, typdefault,
    (select array_agg(enumlabel order by enumsortorder) from pg_enum where enumtypid = t.oid))
from pg_type as t
join ours on ours.oid = t.typnamespace
left join pg_class as c on c.oid = t.typrelid
where t.typtype in ('d', 'e', 'r') or c.relkind = 'c'
union all
select 'default privilege',
  concat_ws(' ', pg_get_userbyid(defaclrole), nullif(defaclnamespace, 0)::regnamespace, defaclobjtype),
  (select array_agg(x::text order by x::text) from unnest(defaclacl) as x)::text
from pg_default_acl
union all
select 'comment', object.identity, description
from pg_description
cross join lateral pg_identify_object(classoid, objoid, objsubid) as object
where object.schema in (select nspname from ours)
  -- Functions are identified without a schema of their own.
  or classoid = 'pg_proc'::regclass and objoid in (select oid from functions)
union all
select 'extension', extname::text, extnamespace::regnamespace::text from pg_extension
union all
select 'publication', pubname::text,
  concat_ws(' ', puballtables, pubviaroot, (
    select array_agg(prrelid::regclass::text order by prrelid::regclass::text)
    from pg_publication_rel where prpubid = pg_publication.oid
  ))
from pg_publication
union all
select 'event trigger', evtname::text, concat_ws(' ', evtevent, evtfoid::regprocedure, evttags)
from pg_event_trigger
union all
select 'cron job', coalesce(jobname, command), concat_ws(' ', schedule, command, username, active)
from cron.job
order by 1, 2, 3;
