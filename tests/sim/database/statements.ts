import { type Client, escapeLiteral } from 'pg'
import type { Request } from './session.ts'

type Signature = Record<string, string>

const signatureOf = async (client: Client, name: string): Promise<Signature> => {
  const { rows } = await client.query<{ signature: Signature }>(
    `select coalesce(json_object_agg(names.name, format_type(types.oid, null)), '{}') as signature
     from pg_proc, unnest(proargnames) with ordinality as names (name, place)
     join unnest(proargtypes) with ordinality as types (oid, place) using (place)
     where pg_proc.oid = $1::regproc`,
    [name],
  )
  return rows[0]?.signature ?? {}
}

/** As PostgREST calls a function: named arguments out of one JSON object, typed by the function. */
const callSql = (name: string, sent: string[], signature: Signature): string => {
  const unknown = sent.find((argument) => !(argument in signature))
  if (unknown) throw new Error(`${name} has no argument ${unknown}`)
  const target = `${name}(${sent.map((argument) => `${argument} := sent.${argument}`).join(', ')})`
  const columns = sent.map((argument) => `${argument} ${signature[argument]}`).join(', ')
  return sent.length === 0
    ? `select to_json(${target}) as value`
    : `select to_json(${target}) as value from json_to_record($1) as sent (${columns})`
}

/** Calls of functions, prepared by the first of their kind, as PostgREST prepares them. */
export const createStatements = (client: Client) => {
  const prepared = new Map<string, string>()

  return async ({ schema, fn, args }: Request): Promise<string> => {
    const name = `${schema}.${fn}`
    const sent = Object.keys(args).filter((argument) => args[argument] !== undefined)
    const key = `${name} ${sent}`
    let statement = prepared.get(key)
    if (!statement) {
      statement = `call_${prepared.size}`
      await client.query('set local role none')
      const sql = callSql(name, sent, await signatureOf(client, name))
      await client.query(`prepare ${statement}${sent.length === 0 ? '' : ' (json)'} as ${sql}`)
      prepared.set(key, statement)
    }
    return sent.length === 0
      ? `execute ${statement}`
      : `execute ${statement} (${escapeLiteral(JSON.stringify(args))})`
  }
}
