import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'
import type { Advance, Attempt, Claim } from '../../../shared/publishing/batches.ts'
import { seedQueue } from './seed-queue.ts'

/** As many lanes as a worker runs at a time, and as many posts as it gathers for one call. */
const LANES = 500
const PER_CALL = 125

export type Cycle = { posts: number; claimMs: number; advanceMs: number }

const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
  const began = performance.now()
  const result = await work()
  return [result, performance.now() - began]
}

const call = async <T>(sql: Client, fn: string, args: Record<string, unknown>): Promise<T> => {
  const names = Object.keys(args)
  const list = names.map((name, index) => `${name} => $${index + 1}`).join(', ')
  const values = Object.values(args).map((value) =>
    typeof value === 'object' ? JSON.stringify(value) : value,
  )
  const { rows } = await sql.query<{ value: T }>(`select service.${fn}(${list}) as value`, values)
  return rows[0]?.value as T
}

const accepted = ({ post_id, position, number }: Attempt) => ({
  ...{ post_id, position, number },
  outcome: 'accepted',
  remote_id: randomUUID(),
  sent_at: new Date(),
})

/**
 * What a worker asks of the database for 500 posts of 500 accounts that are due: one claim, then calls
 * that each settle the posts of the call before and let the next ones go. Only these calls are timed.
 */
export const runCycle = async (sql: Client, number: number): Promise<Cycle> => {
  const from = (number * LANES) % 1_000_000
  await seedQueue(sql, { count: LANES, inSeconds: 0, overSeconds: 0, from })
  const claimId = randomUUID()
  const [{ lanes }, claimMs] = await timed(() =>
    call<Claim>(sql, 'claim_jobs', {
      ...{ p_claim_id: claimId, p_worker_id: randomUUID() },
      ...{ p_lanes: LANES, p_per_lane: 1 },
    }),
  )
  const wanted = lanes.flatMap(({ jobs }) =>
    jobs.map(({ post_id, run_at }) => ({ post_id, claim_id: claimId, run_at })),
  )
  let attempts: Attempt[] = []
  let advanceMs = 0
  for (let index = 0; index < wanted.length + PER_CALL; index += PER_CALL) {
    const release = attempts.map(({ account_id }) => ({
      account_id,
      claim_id: claimId,
      is_skipped: false,
    }))
    const [answer, ms] = await timed(() =>
      call<Advance>(sql, 'advance', {
        p_go_id: randomUUID(),
        p_go: wanted.slice(index, index + PER_CALL),
        p_results: attempts.map(accepted),
        p_release: release,
      }),
    )
    attempts = answer.attempts
    advanceMs += ms
  }
  if (wanted.length !== LANES) throw new Error(`claimed ${wanted.length} of ${LANES} lanes`)
  return { posts: wanted.length, claimMs, advanceMs }
}
