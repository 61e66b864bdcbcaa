import { randomUUID } from 'node:crypto'
import { DatabaseError } from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { connect, disconnect, type Tx, withTx } from '../../../helpers/database.ts'
import { seedTwoWorkspaces, type TwoWorkspaces } from '../../../helpers/two-workspaces.ts'
import { become, CALLERS, type Row } from './callers.ts'
import { functionMatrix } from './function-matrix.ts'

const NO_RIGHT = '42501'
const NOTHING = [null, false, '[]']

let seed: TwoWorkspaces

beforeAll(async () => {
  const client = await connect()
  seed = await seedTwoWorkspaces(client)
  await disconnect(client)
})

const withIds = (call: string, ids: Record<string, string>) =>
  call.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const id = ids[name]
    if (id === undefined) throw new Error(`no id for {${name}} in ${call}`)
    return id
  })

type Result = { value: unknown } | { code: string; message: string; detail?: string }

/** Runs a call and undoes it. */
const run = async (tx: Tx, call: string): Promise<Result> => {
  await tx.query('savepoint run')
  try {
    const { rows } = await tx.query<{ value: unknown }>(`select ${call} as value`)
    return { value: rows[0]?.value }
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    const { code = '', message, detail } = error
    return detail === undefined ? { code, message } : { code, message, detail }
  } finally {
    await tx.query('rollback to savepoint run')
  }
}

const describeResult = (result: Result): string => {
  if ('code' in result) {
    if (result.code === NO_RIGHT) return 'denied'
    return result.code.startsWith('PT') ? result.code.slice(2) : `${result.code} ${result.message}`
  }
  const text = Array.isArray(result.value) ? JSON.stringify(result.value) : result.value
  return NOTHING.includes(text as string) ? 'nothing' : 'answers'
}

/** Functions callers can execute, and all of the two schemas PostgREST exposes. */
const reachable = async (tx: Tx): Promise<string[]> =>
  (
    await tx.query<{ name: string }>(`
      select n.nspname || '.' || regexp_replace(p.oid::regprocedure::text, '^\\w+\\.', '') as name
      from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
      where n.nspname in ('public', 'service')
        or (
          n.nspname = 'private'
          and (
            has_function_privilege('anon', p.oid, 'execute')
            or has_function_privilege('authenticated', p.oid, 'execute')
            or has_function_privilege('service_role', p.oid, 'execute')
          )
        )`)
  ).rows.map(({ name }) => name)

test('the matrix names every function callers can reach, and none that is gone', () =>
  withTx(async (tx) => {
    expect((await reachable(tx)).sort()).toEqual(Object.keys(functionMatrix).sort())
  }))

describe.each(Object.entries(functionMatrix))('%s', (_, [expected, call]) => {
  test('answers those it is for', () =>
    withTx(async (tx) => {
      const seen = {} as Row
      for (const caller of CALLERS) {
        await become(tx, caller, seed)
        seen[caller] = describeResult(await run(tx, withIds(call, seed.a)))
      }
      expect(seen).toEqual(expected)
    }))
})

const hidden = Object.entries(functionMatrix).filter(([, [outcomes]]) =>
  ['404', 'nothing'].includes(outcomes.stranger),
)

test.each(hidden)('%s tells a stranger the same as if there were no such row', (_, [, call]) =>
  withTx(async (tx) => {
    const absent = Object.fromEntries(Object.keys(seed.a).map((name) => [name, randomUUID()]))
    await become(tx, 'stranger', seed)
    expect(await run(tx, withIds(call, seed.a))).toEqual(await run(tx, withIds(call, absent)))
  }),
)
