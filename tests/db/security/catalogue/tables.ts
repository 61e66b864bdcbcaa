import { type Rule, select } from './rule.ts'

const tables = `
  select c.*, n.nspname, c.oid::regclass::text as name
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname in ('public', 'private', 'service')`

/** The names other people build on. */
const PROMISED = {
  'public.users': 'id email created_at subscription_tier settings',
  'public.workspaces': 'id',
  'public.workspace_members': 'workspace_id user_id role',
  'public.accounts':
    'id user_id workspace_id network twitter_username remote_user_id status x_app_id',
  'private.account_tokens': 'encrypted_tokens',
  'public.posts':
    'id account_id workspace_id user_id content scheduled_at published_at status metadata version',
  'public.post_analytics': 'post_id impressions engagements clicks timestamp',
  'public.usage_stats': 'user_id date posts_created tokens_used api_calls',
}

const promisedColumns = Object.entries(PROMISED).flatMap(([table, columns]) =>
  columns.split(' ').map((column) => `('${table}', '${column}')`),
)

/** What every table is like. */
export const tableRules: Rule[] = [
  {
    rule: 'row level security is on for every table, partitioned parents and leaves included',
    offenders: select(
      `select name from (${tables}) as t where relkind in ('r', 'p') and not relrowsecurity`,
    ),
    violations: [
      'create table public.open (id int primary key)',
      'create table public.open (id int primary key) partition by range (id)',
      'create table private.open (id int primary key)',
      `do $$ begin execute format('alter table private.%I disable row level security',
         private.leaf_name('public.posts', now())); end $$`,
    ],
  },
  {
    rule: "views ask with their caller's rights, and nothing else shows rows of tables",
    offenders: select(`
      select name from (${tables}) as t
      where relkind in ('m', 'f')
        or (relkind = 'v' and not coalesce(reloptions @> array['security_invoker=true'], false))`),
    violations: [
      'create view public.open as select * from public.posts',
      'create materialized view public.open as select * from public.posts',
    ],
  },
  {
    rule: 'every table has a primary key',
    offenders: select(`
      select name from (${tables}) as t
      where relkind in ('r', 'p')
        and not exists (select from pg_constraint where conrelid = t.oid and contype = 'p')`),
    violations: ['create table private.heap (id int)'],
  },
  {
    rule: 'every table and view has a comment',
    offenders: select(`
      select name from (${tables}) as t
      where relkind in ('r', 'p', 'v') and not relispartition
        and obj_description(t.oid, 'pg_class') is null`),
    violations: ['comment on table public.posts is null'],
  },
  {
    rule: 'states are text with a check: an enum cannot use an index under row level security',
    offenders: select(`
      select format('%s.%s', t.name, a.attname) as name
      from (${tables}) as t
      join pg_attribute as a on a.attrelid = t.oid and a.attname in ('status', 'state', 'role')
      where t.relkind in ('r', 'p')
        and (
          a.atttypid <> 'text'::regtype
          or not exists (
            select from pg_constraint as con
            where con.conrelid = t.oid and con.contype = 'c' and a.attnum = any (con.conkey)
          )
        )`),
    violations: [
      'create table private.loose (id int primary key, status text)',
      `create type private.mood as enum ('good');
       create table private.loose (id int primary key, status private.mood)`,
    ],
  },
  {
    rule: 'every column the design names is there',
    offenders: select(`
      select format('%s.%s', promised.t, promised.c) as name
      from (values ${promisedColumns.join(', ')}) as promised (t, c)
      where not exists (
        select from pg_attribute as a
        where a.attrelid = to_regclass(promised.t) and a.attname = promised.c and a.attnum > 0
      )`),
    violations: ['alter table public.accounts rename column twitter_username to handle'],
  },
]
