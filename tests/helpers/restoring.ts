import type { Tx } from './database.ts'
import { type Account, at, claimJobs, connectAccount, schedulePost, tick } from './publishing.ts'

/** The database turns out to be another one than it was. */
export const restore = async (tx: Tx, now = at(60)) => {
  await tx.query('update private.incarnation set timeline = timeline + 1, seen_at = $1', [at(-120)])
  await tick(tx, now)
}

export type Read = { account_id: string; look_id: string; since: string }

/** The accounts whose timeline is to be read now. */
export const claimRestored = async (tx: Tx, now: Date): Promise<Read[]> =>
  (
    await tx.query<{ claimed: Read[] }>(
      'select service.claim_restored_accounts(p_now => $1) as claimed',
      [now],
    )
  ).rows[0]?.claimed ?? []

export type Report = { outcome?: string; finds?: object[]; disputed?: string[] }

/** Every due account is read, and what was seen is reported. */
export const read = async (tx: Tx, now: Date, report: Report = {}): Promise<Read[]> => {
  const accounts = await claimRestored(tx, now)
  for (const { account_id, look_id } of accounts) {
    await tx.query('select service.settle_restored_account($1, $2, $3, $4, $5, p_now => $6)', [
      account_id,
      look_id,
      report.outcome ?? 'complete',
      JSON.stringify(report.finds ?? []),
      report.disputed ?? [],
      now,
    ])
  }
  return accounts
}

/** Seconds after which nothing that was sent before a restore at 60 can still be under way. */
export const QUIET = 60 + 420

/** Whether nothing of anybody is sent. */
export const isHeld = async (tx: Tx) => {
  const sql = 'select private.is_publishing_held() as held'
  return (await tx.query<{ held: boolean }>(sql)).rows[0]?.held
}

/** The posts a worker may claim. */
export const sendable = async (tx: Tx, now: Date) =>
  (await claimJobs(tx, { now })).lanes.flatMap(({ jobs }) => jobs.map(({ post_id }) => post_id))

/** Why the lane of an account is closed. */
export const closedBy = async (tx: Tx, account: Account) =>
  (
    await tx.query<{ closed_by: string[] }>(
      'select closed_by from private.account_lanes where account_id = $1',
      [account.id],
    )
  ).rows[0]?.closed_by

/** A new account with a post that is due. */
export const due = async (tx: Tx, options: { texts?: string[] } = {}) => {
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account, { latePolicy: 'publish', ...options })
  return { account, post }
}
