import { type Rule, select } from './rule.ts'

const functions = `
  select p.*, n.nspname, p.oid::regprocedure::text as name
  from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
  where n.nspname in ('public', 'private', 'service')`

/** Functions of service that only tell how things are: no decision hangs on what they say. */
const MAY_LAG = ['service.readiness']

/** How functions are made, so that one cannot be turned against its caller. */
export const functionRules: Rule[] = [
  {
    rule: 'every function has an empty search_path',
    offenders: select(`
      select name from (${functions}) as f
      where not coalesce(proconfig @> array['search_path=""'], false)`),
    violations: [
      `create function private.loose() returns int language sql as 'select 1'`,
      `create function private.loose() returns int language sql set search_path = public as 'select 1'`,
    ],
  },
  {
    rule: 'functions of public run with the rights of their caller',
    offenders: select(
      `select name from (${functions}) as f where nspname = 'public' and prosecdef`,
    ),
    violations: ['alter function public.update_me(jsonb) security definer'],
  },
  {
    rule: 'functions of public do not let the caller choose the time',
    offenders: select(`
      select name from (${functions}) as f
      where nspname = 'public' and 'p_now' = any (proargnames)`),
    violations: [
      `create function public.travel(p_now timestamptz) returns int language sql as 'select 1'`,
    ],
  },
  {
    rule: 'functions of service run as their owner, answer one jsonb and limit their own time',
    offenders: select(`
      select name from (${functions}) as f
      where nspname = 'service'
        and not (
          prosecdef
          and prorettype = 'jsonb'::regtype
          and not proretset
          and exists (select from unnest(proconfig) as c where c like 'statement_timeout=%')
        )`),
    violations: [
      'alter function service.ring_publish() reset statement_timeout',
      'alter function service.ring_publish() security invoker',
      `create function service.rows() returns setof jsonb language sql security definer
       set statement_timeout = '5s' as 'select ''1''::jsonb'`,
    ],
  },
  {
    rule: 'functions of service are volatile, so that no standby answers what a decision hangs on',
    offenders: async (tx) => {
      const steady = await select(`
        select nspname || '.' || proname as name from (${functions}) as f
        where nspname = 'service' and provolatile <> 'v'`)(tx)
      return steady.filter((name) => !MAY_LAG.includes(name))
    },
    violations: [
      'alter function service.reserve_account_id(uuid, uuid, text) stable',
      'alter function service.list_owned_remote_ids(text[], text) immutable',
    ],
  },
  {
    rule: 'functions PostgREST can call have one form each',
    offenders: select(`
      select nspname || '.' || proname as name from (${functions}) as f
      where nspname in ('public', 'service')
      group by nspname, proname
      having count(*) > 1`),
    violations: [
      `create function public.update_me(p_settings text) returns int language sql as 'select 1'`,
    ],
  },
  {
    rule: 'every function of public and service has a comment',
    offenders: select(`
      select name from (${functions}) as f
      where nspname in ('public', 'service') and obj_description(oid, 'pg_proc') is null`),
    violations: [
      'comment on function public.update_me(jsonb) is null',
      'comment on function service.ring_publish() is null',
    ],
  },
]
