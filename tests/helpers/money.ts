import { expect } from 'vitest'
import type { Person } from './callers.ts'
import type { Tx } from './database.ts'
import { type Account, actFor, resultFor, settle, startSending } from './publishing.ts'

/** Prices of the migration, in millionths of a US dollar. */
export const POST = 15_000
export const POST_WITH_URL = 200_000

export type Hold = {
  held: number
  settled: number
  released: number
  places: number
  is_open: boolean
}

/** The holds of a post, oldest first. */
export const holdsOf = async (tx: Tx, postId: string): Promise<Hold[]> => {
  const { rows } = await tx.query(
    `select held::int, settled::int, released::int, places::int, is_open
     from private.spend_ledger where post_id = $1 order by number`,
    [postId],
  )
  return rows
}

/** What a workspace has committed over all months. */
export const committed = async (tx: Tx, person: Person): Promise<number> => {
  const { rows } = await tx.query<{ sum: number }>(
    `select coalesce(sum(committed), 0)::int as sum from private.budget_months
     where workspace_id = $1`,
    [person.workspaceId],
  )
  return rows[0]?.sum ?? Number.NaN
}

/** Places taken of the deployment's app over all days. */
export const placesTaken = async (tx: Tx): Promise<number> => {
  const { rows } = await tx.query<{ sum: number }>(
    `select coalesce(sum(days.taken), 0)::int as sum
     from private.app_days as days
     join private.x_apps as apps on apps.id = days.x_app_id and apps.workspace_id is null`,
  )
  return rows[0]?.sum ?? Number.NaN
}

export const setLimit = async (tx: Tx, account: Account, micros: number | null, now?: Date) => {
  await actFor(tx, account)
  await tx.query('select private.set_budget($1, $2, null, coalesce($3, clock_timestamp()))', [
    account.person.workspaceId,
    micros,
    now,
  ])
  await tx.query(`select set_config('request.jwt.claims', '', false)`)
}

/** Slugs of what stands in the way of a post, as the caller's review of it says. */
export const reviewSlugs = async (tx: Tx, review: object): Promise<string[]> => {
  const sql = 'select public.review_post($1) as review'
  const { rows } = await tx.query<{ review: { problems: { slug: string }[] } }>(sql, [review])
  return rows[0]?.review.problems.map(({ slug }) => slug) ?? []
}

/** Everything between posts, holds, budgets and days adds up. */
export const expectLedgerAddsUp = async (tx: Tx): Promise<void> => {
  const { rows } = await tx.query<{ fault: string }>('select private.ledger_faults() as fault')
  expect(rows.map(({ fault }) => fault)).toEqual([])
}

/** Sends everything that is due; X answers all of it alike. */
export const sendDue = async (tx: Tx, outcome: 'accepted' | 'refused' | 'unknown', now?: Date) => {
  const { claimId, attempts } = await startSending(tx, now)
  const results = attempts.map((attempt) => resultFor(attempt, outcome))
  const release = [...new Set(attempts.map((attempt) => attempt.account_id))]
  await settle(tx, claimId, results, { release, ...(now && { now }) })
  return attempts
}
