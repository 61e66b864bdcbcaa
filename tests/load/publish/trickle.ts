import { comparePublished, type Sent } from './published.ts'
import { seedPosts } from './seed-posts.ts'
import { type Bench, tidy, whenSettled } from './spike.ts'

const LEAD_MS = 8_000

/** Posts that each have their own instant, spread over `overMs`: lateness without a backlog. */
export const runTrickle = async (bench: Bench, count: number, overMs: number): Promise<Sent> => {
  const { sql, x, accounts } = bench
  const name = 'trickle'
  let start = 0
  const batch = await seedPosts(sql, {
    name,
    accounts: accounts.slice(0, count),
    count,
    dueAt: () => start + Math.random() * overMs,
  })
  await tidy(sql)
  start = Date.now() + LEAD_MS
  await batch.schedule()
  await whenSettled(sql)
  return comparePublished(sql, x, { name, since: start - 60_000 })
}
