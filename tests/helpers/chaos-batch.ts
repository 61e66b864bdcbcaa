import { randomUUID } from 'node:crypto'
import type { useChaosStack } from './chaos-stack.ts'
import { addSandboxAccount, newSandboxAccount, type SandboxAccount } from './sandbox-account.ts'

export type Chaos = ReturnType<typeof useChaosStack>

/** Accounts of one person, and how many posts they were dealt so far. */
export type Fleet = { owner: SandboxAccount; accountIds: string[]; dealt: number }

export type Batch = { name: string; ids: string[]; texts: string[]; count: number; lastDue: number }

export const newFleet = async (chaos: Chaos, accounts: number): Promise<Fleet> => {
  const { state } = chaos.stack()
  await chaos.x().setLimits({ posts_per_15_min: 100_000, duplicate_window_ms: 0 })
  const owner = await newSandboxAccount(state)
  const others = Array.from({ length: accounts - 1 }, () => addSandboxAccount(state, owner))
  const ids = (await Promise.all(others)).map(({ id }) => id)
  return { owner, accountIds: [owner.id, ...ids], dealt: 0 }
}

type Plan = {
  count: number
  /** When the first is due, from now. */
  inMs: number
  /** The others follow evenly over this long; 0: all at one instant. */
  overMs?: number
}

/** Posts made by the verb their author would use. Accounts take turns, from batch to batch. */
export const scheduleBatch = async (
  chaos: Chaos,
  fleet: Fleet,
  { count, inMs, overMs = 0 }: Plan,
): Promise<Batch> => {
  const { owner, accountIds } = fleet
  const first = fleet.dealt
  fleet.dealt += count
  const name = `batch ${randomUUID().slice(0, 8)}`
  const claims = JSON.stringify({ sub: owner.userId, role: 'authenticated' })
  const texts = Array.from({ length: count }, (_, index) => `${name} number ${index}`)
  const due = Date.now() + inMs
  const dues = texts.map((_, index) => new Date(due + (index * overMs) / count))
  const client = await chaos.sql().connect()
  try {
    await client.query(`select set_config('request.jwt.claims', $1, false)`, [claims])
    const { rows } = await client.query<{ id: string }>(
      `select public.create_post(jsonb_build_object(
         'account_id', plan.account_id, 'segments', jsonb_build_array(plan.text),
         'scheduled_at', plan.due)) ->> 'id' as id
       from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as plan (account_id, text, due)`,
      [texts.map((_, index) => accountIds[(first + index) % accountIds.length]), texts, dues],
    )
    return { name, ids: rows.map(({ id }) => id), texts, count, lastDue: due + overMs }
  } finally {
    await client.query(`select set_config('request.jwt.claims', '', false)`)
    client.release()
  }
}
