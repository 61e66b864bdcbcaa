import { until } from '../../helpers/until.ts'
import { quantile } from '../support/statistics.ts'
import { comparePublished, type Sent } from './published.ts'
import { type Bench, scheduleSpike, whenSettled } from './spike.ts'

const PROVIDER_MS = 500
const PER_ACCOUNT = 5
const GIVE_UP_MS = 120_000

export type Hanging = {
  /** What the others' p99 of lateness gained when one account hung. */
  increasePercent: number
  sent: Sent[]
}

/**
 * A spike against a slow X twice: with nobody hanging, and with one account none of whose requests is
 * ever answered. Five posts an account, so that the hanging one has a queue, too.
 */
export const runHanging = async (bench: Bench, name: string, count: number): Promise<Hanging> => {
  const accounts = bench.accounts.slice(0, Math.ceil(count / PER_ACCOUNT))
  const calm = await runOne({ ...bench, accounts }, `${name} calm`, count, false)
  const hung = await runOne({ ...bench, accounts }, `${name} hung`, count, true)
  await bench.x.delayPosts(0)
  const [before, after] = [calm, hung].map(({ lateMs }) => quantile(lateMs, 0.99) ?? 0)
  return {
    increasePercent: ((after ?? 0) / (before ?? 1) - 1) * 100,
    sent: [calm, hung],
  }
}

const runOne = async (bench: Bench, name: string, count: number, hangs: boolean): Promise<Sent> => {
  const { sql, x, accounts } = bench
  const [victim] = accounts
  if (!victim) throw new Error('there is no account')
  await x.delayPosts(PROVIDER_MS)
  if (hangs) await x.hangPostsOf(victim.username)
  const due = await scheduleSpike(bench, name, count)
  await until(
    'the others are settled',
    async () => {
      const { rows } = await sql.query<{ open: boolean }>(
        'select exists (select from private.publish_jobs where account_id <> $1) as open',
        [victim.id],
      )
      return rows[0]?.open === false
    },
    GIVE_UP_MS,
  )
  // What the victim still has goes out when X answers again, before the next round begins.
  await x.delayPosts(0)
  await whenSettled(sql)
  return comparePublished(sql, x, { name, since: due - 60_000, withoutAccount: victim.id })
}
