import { Client, type QueryResult } from 'pg'
import type { PostgresError } from '../../../shared/db/from-postgres.ts'
import type { Look } from './look.ts'
import type { Snapshot } from './snapshot.ts'
import { createStatements } from './statements.ts'
import { createSweeper } from './sweeper.ts'

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
  /** `snapshot` is absent when the call changed nothing an invariant reads. */
  { value: unknown; snapshot?: Snapshot } | { error: PostgresError } | { undone: true }

/**
 * One connection; a seed is one transaction of it that is never committed, and a call is a savepoint
 * in there: released is committed, rolled back is a call whose connection broke before its commit.
 */
export type Session = {
  begin(settings: string[]): Promise<Snapshot>
  call(request: Request, commits: boolean): Promise<Answered>
  /** Reads everything anew, whether anything was seen to change or not. */
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

export const openSession = async (url: string): Promise<Session> => {
  const client = new Client({ connectionString: url, application_name: 'sim' })
  await client.connect()
  const statementOf = createStatements(client)
  const sweep = await createSweeper(client)
  await client.query(
    `prepare enter (text, text, text) as select set_config('sim.now', $1, true),
       set_config('request.jwt.claims', $2, true), set_config('role', $3, true);
     prepare look (bigint[]) as select sim.look($1) as look`,
  )
  let seen: number[] = []
  let state = {} as Snapshot

  const run = async (sql: string): Promise<QueryResult[]> => {
    const results = (await client.query(sql)) as unknown as QueryResult | QueryResult[]
    return Array.isArray(results) ? results : [results]
  }
  /** Whether the look that ended these statements saw anything new. */
  const take = (results: QueryResult[]): boolean => {
    const look: Look = results.at(-1)?.rows[0]?.look ?? { seen: [] }
    const { seen: written, ...parts } = look
    seen = written
    if (Object.keys(parts).length === 0) return false
    state = { ...state, ...parts }
    return true
  }
  const look = async () => {
    take(await run("execute look ('{}')"))
    return state
  }

  return {
    begin: async (settings) => {
      try {
        await run(["begin; select setval('sim.ids', 1)", ...settings].join(';'))
        return await look()
      } catch (error) {
        // The next seed on this session begins anew.
        await run('rollback')
        throw error
      }
    },
    call: async (request, commits) => {
      const { role, sub } = request.caller
      const claims = sub ? JSON.stringify({ sub, role }) : ''
      const statement = await statementOf(request)
      const ending = commits
        ? `set constraints all immediate; set constraints all deferred; release savepoint call;
           execute look ('{${seen}}')`
        : 'rollback to savepoint call; release savepoint call'
      const results = await run(
        `savepoint call; execute enter ('${instant(request.now)}', '${claims}', '${role}');
         ${statement}; ${ending}`,
      ).catch(async (error: PostgresError & { detail?: string }) => {
        await run('rollback to savepoint call; release savepoint call')
        return { ...error, message: error.message ?? '', details: error.detail ?? null }
      })
      if (!Array.isArray(results)) return { error: results as PostgresError }
      if (!commits) return { undone: true }
      const value: unknown = results[2]?.rows[0]?.value ?? null
      return take(results) ? { value, snapshot: state } : { value }
    },
    look,
    query: async <Row>(sql: string) =>
      (await run(`set local role none; ${sql}`)).at(-1)?.rows as Row[],
    end: async () => {
      await run('rollback')
      await sweep()
    },
    close: () => client.end(),
  }
}
