import { Client, escapeLiteral, type QueryResult } from 'pg'
import type { PostgresError } from '../../../shared/db/from-postgres.ts'
import { leavesAllAsItWas } from './leaves-all-as-it-was.ts'
import type { Snapshot } from './snapshot.ts'
import { SNAPSHOT_SQL } from './snapshot-sql.ts'

export type Caller = { role: 'service_role' | 'authenticated' | 'postgres'; sub?: string }

export type Request = {
  schema: 'service' | 'public' | 'private'
  fn: string
  args: Record<string, unknown>
  caller: Caller
  /** Milliseconds since 1970, with fractions. */
  now: number
}

export type Answered =
  /** `snapshot` is absent when the call changed nothing. */
  { value: unknown; snapshot?: Snapshot } | { error: PostgresError } | { undone: true }

/**
 * One connection; a seed is one transaction of it that is never committed, and a call is a savepoint
 * in there: released is committed, rolled back is a call whose connection broke before its commit.
 */
export type Session = {
  begin(settings: string[]): Promise<Snapshot>
  call(request: Request, commits: boolean): Promise<Answered>
  look(): Promise<Snapshot>
  /** Reads or arranges something behind everybody's back. */
  query<Row>(sql: string): Promise<Row[]>
  end(): Promise<void>
  close(): Promise<void>
}

/** Microseconds, as Postgres has them. */
export const instant = (now: number): string => {
  const whole = Math.floor(now)
  const micros = Math.floor((now - whole) * 1000)
  return `${new Date(whole).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`
}

type Signature = Record<string, string>

/** Calls a function as PostgREST does: named arguments out of one JSON object, typed by the function. */
const callSql = ({ schema, fn, args }: Request, signature: Signature): string => {
  const names = Object.keys(args).filter((name) => args[name] !== undefined)
  const unknown = names.find((name) => !(name in signature))
  if (unknown) throw new Error(`${schema}.${fn} has no argument ${unknown}`)
  const target = `${schema}.${fn}(${names.map((name) => `${name} := sent.${name}`).join(', ')})`
  if (names.length === 0) return `select to_json(${target}) as value`
  const columns = names.map((name) => `${name} ${signature[name]}`).join(', ')
  const json = escapeLiteral(JSON.stringify(args))
  return `select to_json(${target}) as value from json_to_record(${json}) as sent (${columns})`
}

export const openSession = async (url: string): Promise<Session> => {
  const client = new Client({ connectionString: url, application_name: 'sim' })
  await client.connect()
  const signatures = new Map<string, Signature>()
  await client.query(`prepare snapshot as ${SNAPSHOT_SQL}`)
  const sizes = async () => {
    const { rows } = await client.query<{ name: string; size: string }>(
      `select oid::regclass::text as name, pg_relation_size(oid) as size from pg_class
       where relkind = 'r' and relnamespace in
         ('private'::regnamespace, 'public'::regnamespace, 'net'::regnamespace)`,
    )
    return new Map(rows.map(({ name, size }) => [name, size]))
  }
  await client.query('vacuum')
  const before = await sizes()

  const signatureOf = async ({ schema, fn }: Request): Promise<Signature> => {
    const key = `${schema}.${fn}`
    const known = signatures.get(key)
    if (known) return known
    const { rows } = await client.query<{ signature: Signature }>(
      `select coalesce(json_object_agg(names.name, format_type(types.oid, null)), '{}') as signature
       from pg_proc, unnest(proargnames) with ordinality as names (name, place)
       join unnest(proargtypes) with ordinality as types (oid, place) using (place)
       where pg_proc.oid = $1::regproc`,
      [key],
    )
    const signature = rows[0]?.signature ?? {}
    signatures.set(key, signature)
    return signature
  }
  const run = async (sql: string): Promise<QueryResult[]> => {
    const results = (await client.query(sql)) as unknown as QueryResult | QueryResult[]
    return Array.isArray(results) ? results : [results]
  }
  const snapshotIn = (results: QueryResult[]) => results.at(-1)?.rows[0]?.snapshot as Snapshot

  return {
    begin: async (settings) => {
      await run("begin; select setval('sim.ids', 1)")
      for (const sql of settings) await run(sql)
      return snapshotIn(await run('execute snapshot'))
    },
    call: async (request, commits) => {
      const { role, sub } = request.caller
      const claims = sub ? JSON.stringify({ sub, role }) : ''
      const signature = await signatureOf(request)
      const results = await run(
        `savepoint call;
         select set_config('sim.now', '${instant(request.now)}', true),
           set_config('request.jwt.claims', '${claims}', true), set_config('role', '${role}', true);
         ${callSql(request, signature)};
         ${commits ? "select set_config('role', 'none', true); release savepoint call" : 'rollback to savepoint call'}`,
      ).catch(async (error: PostgresError & { detail?: string }) => {
        await run('rollback to savepoint call')
        return { ...error, message: error.message ?? '', details: error.detail ?? null }
      })
      if (!Array.isArray(results)) return { error: results as PostgresError }
      if (!commits) return { undone: true }
      const value: unknown = results[2]?.rows[0]?.value ?? null
      if (leavesAllAsItWas(request.fn, value)) return { value }
      return { value, snapshot: snapshotIn(await run('execute snapshot')) }
    },
    look: async () => snapshotIn(await run('execute snapshot')),
    query: async <Row>(sql: string) => (await run(sql)).at(-1)?.rows as Row[],
    end: async () => {
      await run('rollback')
      const grown = [...(await sizes())].filter(([name, size]) => before.get(name) !== size)
      if (grown.length > 0) await run(`vacuum ${grown.map(([name]) => name).join(', ')}`)
    },
    close: () => client.end(),
  }
}
