import pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import type { StackOptions } from '../../scripts/stack/start.ts'
import { useOwnStack } from './own-stack.ts'
import { sandboxX } from './sandbox-x.ts'

/** A stack of its own for a test file that breaks things; the getters work inside tests. */
export function useChaosStack(options: Partial<StackOptions> = {}) {
  const stack = useOwnStack(options)
  let sql: pg.Pool

  beforeAll(async () => {
    // X refuses a text it has had, which would hide what these tests look for: a second send.
    await sandboxX(stack().state.x_url).setLimits({ duplicate_window_ms: 0 })
    sql = new pg.Pool({ connectionString: stack().state.admin_db_url, max: 4 })
    // Tests cut these connections on purpose.
    sql.on('error', () => {})
  })
  afterAll(() => sql?.end())

  return {
    stack,
    /** As the superuser. */
    sql: () => sql,
    x: () => sandboxX(stack().state.x_url),
  }
}
