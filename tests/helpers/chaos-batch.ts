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

const CREATE = `
  with author as (select set_config('request.jwt.claims', $1, true))
  select public.create_post(jsonb_build_object(
    'account_id', $2::uuid, 'segments', jsonb_build_array($3::text), 'scheduled_at', $4::timestamptz
  )) ->> 'id' as id
  from author`

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
  // Each in a transaction of its own, as its author would: one for all would wait for lanes in any order.
  const create = async (text: string, index: number) => {
    const accountId = accountIds[(first + index) % accountIds.length]
    const at = new Date(due + (index * overMs) / count)
    const { rows } = await chaos.sql().query<{ id: string }>(CREATE, [claims, accountId, text, at])
    return rows[0]?.id ?? ''
  }
  return { name, ids: await Promise.all(texts.map(create)), texts, count, lastDue: due + overMs }
}
