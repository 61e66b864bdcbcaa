import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tx } from '../../../helpers/database.ts'
import { type Rule, select } from './rule.ts'

const migrations = join(import.meta.dirname, '../../../../supabase/migrations')

/** Indexes a migration says the purpose of: a line "-- Serves: …" above them or their group. */
const servingIndexes = async (): Promise<Set<string>> => {
  const names = (await readdir(migrations)).filter((name) => name.endsWith('.sql'))
  const files = await Promise.all(names.map((name) => readFile(join(migrations, name), 'utf8')))
  const groups = files.flatMap((sql) => sql.split('\n\n')).flatMap((block) => block.split(/^-- /m))
  const served = groups.filter((group) => group.startsWith('Serves: '))
  const created = served.flatMap((group) => [
    ...group.matchAll(/^create (?:unique )?index (\w+)/gm),
  ])
  return new Set(created.map(([, name]) => name ?? ''))
}

const readIndexes = select(`
  select c.relname as name
  from pg_index as i join pg_class as c on c.oid = i.indexrelid
  join pg_class as t on t.oid = i.indrelid
  where t.relnamespace::regnamespace::text in ('public', 'private')
    and not t.relispartition
    and obj_description(c.oid, 'pg_class') is null
    and not exists (select from pg_constraint where conindid = c.oid and contype in ('p', 'u', 'x'))`)

/** What the specification names, by the end of its definition. */
const SPECIFIED = [
  'USING btree (scheduled_at)',
  'USING btree (account_id, status)',
  'USING btree (published_at) WHERE (published_at IS NOT NULL)',
  'USING btree (user_id)',
]

const specifiedMissing = async (tx: Tx) => {
  const definitions = await select(
    `select pg_get_indexdef(indexrelid) as name from pg_index where indrelid = 'public.posts'::regclass`,
  )(tx)
  return SPECIFIED.filter((end) => !definitions.some((definition) => definition.endsWith(end)))
}

/** Keys and indexes: each is used, and each use has one. */
export const keys: Rule[] = [
  {
    rule: 'every index says which query it serves',
    offenders: async (tx) => {
      const serving = await servingIndexes()
      return (await readIndexes(tx)).filter((name) => !serving.has(name))
    },
    violations: ['create index idle_idx on public.users (created_at)'],
  },
  {
    rule: 'posts has the indexes the specification names',
    offenders: specifiedMissing,
    violations: ['drop index public.posts_user_id_idx'],
  },
  {
    rule: 'every foreign key is the beginning of an index',
    offenders: select(`
      select format('%s.%s', con.conrelid::regclass, con.conname) as name
      from pg_constraint as con
      where con.contype = 'f'
        and con.connamespace::regnamespace::text in ('public', 'private')
        and not exists (
          select from pg_index as i
          where i.indrelid = con.conrelid
            and i.indpred is null
            and (i.indkey::int2[])[0:cardinality(con.conkey) - 1] @> con.conkey
        )`),
    violations: [
      'drop index public.accounts_user_id_idx',
      'create table private.child (id int primary key, user_id uuid references public.users)',
    ],
  },
]
