import type { Client } from 'pg'
import type { Snapshot } from './snapshot.ts'
import { PARTS } from './snapshot-sql.ts'

/** How often rows of a table, its leaf included, were written in this transaction, as the server counts. */
const writesOf = (oid: number): string =>
  ['inserted', 'updated', 'deleted']
    .map((how) => `pg_stat_get_xact_tuples_${how}(${oid})`)
    .join(' + ')

const leafOf = async (client: Client, table: string): Promise<number> => {
  const { rows } = await client.query<{ oid: number }>(
    `select coalesce(
       (select relid from pg_partition_tree($1::regclass) where isleaf), $1::regclass
     )::oid as oid`,
    [table],
  )
  return rows[0]?.oid ?? 0
}

/**
 * `sim.look(seen)` reads those parts of the state whose tables were written since `seen` was told, all of
 * them when it is empty. It answers {"seen": […], …parts}.
 */
export const createLook = async (client: Client): Promise<void> => {
  const parts = Object.entries(PARTS)
  const tables = [...new Set(parts.flatMap(([, { reads }]) => reads))]
  const writes: string[] = []
  for (const table of tables) writes.push(writesOf(await leafOf(client, table)))
  const isNew = (table: string) => {
    const at = tables.indexOf(table) + 1
    return `v_writes[${at}] is distinct from p_seen[${at}]`
  }
  const read = parts.map(
    ([name, { reads, sql }]) =>
      `if ${reads.map(isNew).join(' or ')} then
         v_look := v_look || ',"${name}":' || coalesce(to_json(${sql})::text, 'null');
       end if;`,
  )
  await client.query(
    `create function sim.look(p_seen bigint[]) returns json
     language plpgsql volatile security definer set search_path = pg_catalog
     as $look$
     declare
       v_writes bigint[] := array[${writes.join(', ')}];
       v_look text := '{"seen":' || to_json(v_writes)::text;
     begin
       ${read.join(' ')}
       return (v_look || '}')::json;
     end
     $look$;
     grant execute on function sim.look to public`,
  )
}

export type Look = Partial<Snapshot> & { seen: number[] }
