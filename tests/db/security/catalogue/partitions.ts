import { type Rule, select } from './rule.ts'

const leaves = `
  select c.*, link.inhparent, c.oid::regclass::text as name, parent.oid::regclass::text as parent_name
  from pg_class as c
  join pg_inherits as link on link.inhrelid = c.oid
  join pg_class as parent on parent.oid = link.inhparent
  where c.relispartition and c.relkind = 'r'
    and parent.relnamespace::regnamespace::text in ('public', 'private')`

const parents = `
  select c.oid, c.oid::regclass::text as name, n.nspname || '.' || c.relname as full_name
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind = 'p' and n.nspname in ('public', 'private')`

/** Keys where either side is partitioned, and which sides are leaves. */
const keys = `
  select con.*, format('%s.%s', con.conrelid::regclass, con.conname) as name,
    child.relkind as child_kind, child.relispartition as child_is_leaf, child.relname as child,
    owner.relkind as owner_kind, owner.relispartition as owner_is_leaf, owner.relname as owner
  from pg_constraint as con
  join pg_class as child on child.oid = con.conrelid
  join pg_class as owner on owner.oid = con.confrelid
  where con.contype = 'f' and con.connamespace::regnamespace::text in ('public', 'private')
    and ('p' in (child.relkind, owner.relkind) or child.relispartition or owner.relispartition)`

const FAR = `for values from ('ffff0000-0000-0000-0000-000000000000') to ('ffff1000-0000-0000-0000-000000000000')`

/** Partitions: row level security of a parent does not protect a leaf that is asked directly. */
export const partitions: Rule[] = [
  {
    rule: 'leaves live in private',
    offenders: select(
      `select name from (${leaves}) as l where relnamespace <> 'private'::regnamespace`,
    ),
    violations: [`create table public.posts_far partition of public.posts ${FAR}`],
  },
  {
    rule: 'nobody but their owner holds a right on a leaf',
    offenders: select(`
      select l.name from (${leaves}) as l, aclexplode(l.relacl) as acl
      where acl.grantee <> l.relowner`),
    violations: [
      `do $$ begin execute format('grant select on private.%I to authenticated',
         private.leaf_name('public.posts', now())); end $$`,
    ],
  },
  {
    rule: 'no partitioned table has a default leaf',
    offenders: select(`
      select p.name from (${parents}) as p
      join pg_partitioned_table as t on t.partrelid = p.oid where t.partdefid <> 0`),
    violations: ['create table private.posts_rest partition of public.posts default'],
  },
  {
    rule: 'every partitioned table has a policy and its leaves, this month and three ahead',
    offenders: select(`
      select format('%s %s', p.full_name, month::date) as name
      from (${parents}) as p,
        generate_series(
          date_trunc('month', now(), 'UTC'), date_trunc('month', now(), 'UTC') + interval '3 months',
          interval '1 month'
        ) as month
      where not exists (select from private.partition_policies where parent = p.full_name)
        or not exists (
          select from (${leaves}) as l
          where l.inhparent = p.oid and l.relname = private.leaf_name(p.full_name, month)
        )`),
    violations: [
      'create table public.stray (id uuid primary key) partition by range (id)',
      `do $$ begin execute format('drop table private.%I',
         private.leaf_name('public.events', now() + interval '1 month')); end $$`,
    ],
  },
  {
    rule: 'partitioned tables hold no foreign key, and nothing refers to one',
    offenders: select(`
      select name from (${keys}) as k where 'p' in (child_kind, owner_kind)`),
    violations: [
      'alter table public.post_segments add foreign key (post_id) references public.posts (id)',
      'alter table public.posts add foreign key (account_id) references public.accounts (id)',
      'alter table private.publish_jobs add foreign key (post_id) references public.posts (id)',
    ],
  },
  {
    rule: 'a foreign key of a leaf points at the leaf of the same month',
    offenders: select(`
      select name from (${keys}) as k
      where child_kind = 'r' and owner_kind = 'r'
        and not (child_is_leaf and owner_is_leaf and right(child, 7) = right(owner, 7))`),
    violations: [
      `do $$ begin execute format('alter table private.%I add foreign key (account_id) references public.accounts',
         private.leaf_name('public.posts', now())); end $$`,
      `do $$ begin execute format('alter table private.%I add foreign key (post_id) references private.%I not valid',
         private.leaf_name('public.post_stats', now()),
         private.leaf_name('public.posts', now() + interval '1 month')); end $$`,
    ],
  },
  {
    rule: 'leaves of a table that belongs to another one refer to its leaf',
    offenders: select(`
      select l.name from (${leaves}) as l
      join (${parents}) as p on p.oid = l.inhparent
      join private.partition_policies as policy on policy.parent = p.full_name
      where policy.owner is not null
        and not exists (select from pg_constraint where conrelid = l.oid and contype = 'f')`),
    violations: [
      `do $$ begin execute format('alter table private.%I drop constraint %I',
         private.leaf_name('public.post_stats', now()),
         private.leaf_name('public.post_stats', now()) || '_owner_fkey'); end $$`,
    ],
  },
]
