import { type Rule, select } from './rule.ts'

/** What callers without a session may run. Nothing so far. */
const OPEN_TO_EVERYBODY: string[] = []

const grants = `
  select acl.grantee, acl.privilege_type, c.relowner, c.relnamespace, c.relkind, c.relispartition,
    c.oid::regclass::text as object
  from pg_class as c, aclexplode(c.relacl) as acl
  union all
  select acl.grantee, acl.privilege_type || ' (column)', c.relowner, c.relnamespace, c.relkind,
    c.relispartition, format('%s.%s', c.oid::regclass, a.attname)
  from pg_attribute as a join pg_class as c on c.oid = a.attrelid, aclexplode(a.attacl) as acl`

const functions = `
  select p.oid, p.proname, n.nspname, p.prorettype, p.oid::regprocedure::text as name
  from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
  where n.nspname in ('public', 'private', 'service')`

const makeFunction = (name: string, grantee: string) =>
  `create function ${name}() returns jsonb language sql set search_path = '' as 'select ''1''::jsonb';
   grant execute on function ${name}() to ${grantee}`

/** Who holds what: rights are granted one by one, and what nobody granted nobody has. */
export const exposure: Rule[] = [
  {
    rule: 'callers hold select on tables of public, and no other right on any relation',
    offenders: select(`
      select format('%s: %s on %s', coalesce(nullif(grantee, 0)::regrole::text, 'public'),
        privilege_type, object) as name
      from (${grants}) as held
      where relnamespace::regnamespace::text in ('public', 'private', 'service')
        and grantee <> relowner
        and not (
          privilege_type = 'SELECT' and relnamespace = 'public'::regnamespace
          and relkind in ('r', 'p', 'v') and not relispartition
          and grantee in ('authenticated'::regrole, 'service_role'::regrole)
        )`),
    violations: [
      'grant insert on public.posts to authenticated',
      'grant select on public.posts to anon',
      'grant select on public.posts to public',
      'grant update (name) on public.workspaces to authenticated',
      'grant truncate on public.events to service_role',
      'grant select on private.account_tokens to service_role',
      'grant usage on sequence private.usage_log_id_seq to authenticated',
    ],
  },
  {
    rule: 'callers without a session can execute nothing',
    offenders: async (tx) => {
      const open = await select(
        `select name from (${functions}) as f where has_function_privilege('anon', oid, 'execute')`,
      )(tx)
      return open.filter((name) => !OPEN_TO_EVERYBODY.includes(name))
    },
    violations: [makeFunction('public.open', 'anon'), makeFunction('private.open', 'public')],
  },
  {
    rule: 'service_role executes the functions of service, and nobody else does',
    offenders: select(`
      select name from (${functions}) as f
      where (nspname = 'service') <> has_function_privilege('service_role', oid, 'execute')
        or (nspname = 'service' and has_function_privilege('authenticated', oid, 'execute'))`),
    violations: [
      makeFunction('service.open', 'authenticated'),
      makeFunction('public.open', 'service_role'),
      'revoke execute on function service.ring_publish() from service_role',
    ],
  },
  {
    rule: 'schema service is usable by service_role alone, and private by nobody without a session',
    offenders: select(`
      select format('%s: %s', n.nspname, coalesce(nullif(acl.grantee, 0)::regrole::text, 'public')) as name
      from pg_namespace as n, aclexplode(n.nspacl) as acl
      where n.nspname in ('private', 'service')
        and acl.grantee <> n.nspowner
        and not (
          acl.privilege_type = 'USAGE'
          and (
            acl.grantee = 'service_role'::regrole
            or (acl.grantee = 'authenticated'::regrole and n.nspname = 'private')
          )
        )`),
    violations: [
      'grant usage on schema service to authenticated',
      'grant usage on schema private to anon',
      'grant create on schema private to authenticated',
    ],
  },
  {
    rule: 'trigger functions can be executed by nobody',
    offenders: select(`
      select name from (${functions}) as f
      where prorettype = 'trigger'::regtype
        and (
          has_function_privilege('anon', oid, 'execute')
          or has_function_privilege('authenticated', oid, 'execute')
          or has_function_privilege('service_role', oid, 'execute')
        )`),
    violations: [
      'grant execute on function private.tg_users__create_profile() to authenticated',
      'grant execute on function private.tg_users__create_profile() to public',
    ],
  },
]
