import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Reading } from '../../../shared/analytics/collection.ts'
import {
  compareRollups,
  publishedPost,
  readingAt,
  rollUp,
  rollUpAll,
  saveMetrics,
} from '../../helpers/analytics.ts'
import { connect, type Tx } from '../../helpers/database.ts'
import { connectAccount } from '../../helpers/publishing.ts'

const counter = fc.integer({ min: 0, max: 50 })
const withheld = fc.option(counter, { freq: 4 })

// Few posts and few moments: rows of one segment meet, come late, fall and repeat all the time.
const row = fc.record({
  post: fc.integer({ min: 0, max: 2 }),
  position: fc.integer({ min: 0, max: 1 }),
  minute: fc.integer({ min: 0, max: 40 }).map((tenMinutes) => tenMinutes * 10),
  impressions: counter,
  engagements: withheld,
  clicks: withheld,
  profile_clicks: withheld,
  likes: counter,
})

const step = fc.oneof(
  { weight: 3, arbitrary: fc.array(row, { minLength: 1, maxLength: 12 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) },
)

const asReading = (
  posts: string[],
  { post, minute, ...rest }: typeof row extends fc.Arbitrary<infer T> ? T : never,
): Reading => readingAt(posts[post] ?? '', minute * 60, rest)

async function threePosts(tx: Tx): Promise<string[]> {
  const first = await connectAccount(tx)
  const second = await connectAccount(tx, first.person)
  return [
    await publishedPost(tx, first, { segments: 2 }),
    await publishedPost(tx, first, { segments: 2 }),
    await publishedPost(tx, second, { segments: 2 }),
  ]
}

test('rollups equal what raw rows say, whatever comes late, falls, repeats or is folded when', async () => {
  const tx = await connect()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      await tx.query('begin')
      try {
        const posts = await threePosts(tx)
        for (const next of steps) {
          if (typeof next === 'number') await rollUp(tx, next)
          else
            await saveMetrics(
              tx,
              next.map((one) => asReading(posts, one)),
            )
        }
        await rollUpAll(tx, 3)
        for (const [kind, actual, expected] of await compareRollups(tx)) {
          expect({ kind, rows: actual }).toEqual({ kind, rows: expected })
        }
      } finally {
        await tx.query('rollback')
      }
    }),
    { numRuns: 60 },
  )
})
