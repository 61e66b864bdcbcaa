import { type Rule, select } from './rule.ts'

const IN_MY_WORKSPACES = '(%s = ANY (ARRAY( SELECT private.workspace_ids() AS workspace_ids)))'
const MINE = '(%s = ( SELECT auth.uid() AS uid))'

const tables = `
  select c.oid, c.relname, n.nspname, c.oid::regclass::text as name
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition`

const openPolicy = (sql: string) => `create policy "planted" on public.workspaces ${sql}`

/** Policies: one for reading each public table, in the form that is asked once per statement. */
export const policies: Rule[] = [
  {
    rule: 'every table of public has one policy: select, to authenticated',
    offenders: select(`
      select name from (${tables}) as t
      where nspname = 'public'
        and array(
          select format('%s %s %s', polcmd, polroles::regrole[], polpermissive)
          from pg_policy where polrelid = t.oid
        ) <> array['r {authenticated} t']`),
    violations: [
      openPolicy('for select to authenticated using (true)'),
      openPolicy('for insert to authenticated with check (true)'),
      'drop policy "members can read their workspaces" on public.workspaces',
      'alter policy "members can read their workspaces" on public.workspaces to public',
    ],
  },
  {
    rule: 'tables of private have no policy',
    offenders: select(`
      select name from (${tables}) as t
      where nspname = 'private' and exists (select from pg_policy where polrelid = t.oid)`),
    violations: ['create policy "planted" on private.account_tokens for select using (true)'],
  },
  {
    rule: 'every policy compares a column with what the caller is, asked once per statement',
    offenders: select(`
      select format('%s: %s', t.name, policy.using) as name
      from (${tables}) as t
      join (
        select polrelid, pg_get_expr(polqual, polrelid) as using from pg_policy
      ) as policy on policy.polrelid = t.oid
      where t.nspname = 'public'
        and policy.using not in (
          format('${IN_MY_WORKSPACES}', case t.relname when 'workspaces' then 'id' else 'workspace_id' end),
          format('${MINE}', case t.relname when 'users' then 'id' else 'user_id' end)
        )`),
    violations: [
      openPolicy('for select to authenticated using (owner_id = auth.uid())'),
      openPolicy('for select to authenticated using (id in (select private.workspace_ids()))'),
      openPolicy('for select to authenticated using (true)'),
    ],
  },
  {
    rule: 'channels are asked for broadcast and presence, to authenticated, once per statement',
    offenders: select(`
      select polname as name
      from (
        select *, coalesce(pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) as test
        from pg_policy where polrelid = 'realtime.messages'::regclass
      ) as policy
      where polroles::regrole[]::text <> '{authenticated}'
        or polcmd not in ('r', 'a')
        or test !~ concat(
          '^\\(\\(extension = ANY \\(ARRAY\\[''broadcast''::text, ''presence''::text\\]\\)\\) AND ',
          '\\( SELECT private\\.can_\\w+\\(\\( SELECT realtime\\.topic\\(\\) AS topic\\)\\) AS can_\\w+\\)\\)$'
        )`),
    violations: [
      'create policy "planted" on realtime.messages for select to authenticated using (true)',
      `create policy "planted" on realtime.messages for insert to anon with check (extension = 'presence')`,
    ],
  },
]
