import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { useChaosStack } from '../../helpers/chaos-stack.ts'
import { mp4 } from '../../helpers/files.ts'
import { type MediaFrontend, mediaFrontend } from '../../helpers/media-frontend.ts'
import { until } from '../../helpers/until.ts'

const chaos = useChaosStack()
const CHUNK = 2 * 1_048_576
const film = mp4({ payload: 9 * CHUNK })

const hashesOf = (file: Buffer) =>
  Array.from({ length: Math.ceil(file.length / CHUNK) }, (_, index) =>
    createHash('sha256')
      .update(file.subarray(index * CHUNK, (index + 1) * CHUNK))
      .digest('hex'),
  )

/** Chunks take a while, so that a kill finds one under way. */
const slowX = () =>
  chaos
    .x()
    .addFault({ match: { method: 'POST', path: '/2/media/upload/*' }, kind: 'latency', ms: 400 })

const nextChunk = async (mediaId: string): Promise<number> => {
  const sql = 'select next_chunk from private.media_uploads where media_id = $1'
  const { rows } = await chaos.sql().query<{ next_chunk: number }>(sql, [mediaId])
  return rows[0]?.next_chunk ?? 0
}

/** The lease of a killed worker need not be waited out. */
const lapse = () =>
  chaos
    .sql()
    .query('update private.media_uploads set due_at = now() where due_at < $1', ['infinity'])

const expectWhole = async (page: MediaFrontend) => {
  const known = (await page.knownMedia()).at(-1)
  expect(known?.chunks.map(({ sha256 }) => sha256)).toEqual(hashesOf(film))
}

test('a worker killed between chunks costs no chunk twice, and the post goes out whole', async () => {
  const page = await mediaFrontend(chaos.stack().state)
  const media = await page.upload(film, 'video/mp4')
  await slowX()
  const postId = await page.publish({ media_ids: [media] })

  let reached = 0
  for (const least of [2, 5]) {
    await until(`${least} chunks are on X`, async () => (await nextChunk(media)) >= least)
    await chaos.stack().functions.kill('media')
    const now = await nextChunk(media)
    expect(now).toBeGreaterThanOrEqual(Math.max(least, reached))
    reached = now
    await lapse()
  }
  await page.untilStatus(postId, 'published', 60_000)

  await expectWhole(page)
  const stats = (await chaos.x().stats()) as unknown as { requests: Record<string, number> }
  expect(stats.requests['POST /2/media/upload/initialize 200']).toBe(1)
  expect(stats.requests['POST /2/media/upload/:id/finalize 200']).toBe(1)
  // One more for each kill at most: the chunk that was on its way.
  expect(stats.requests['POST /2/media/upload/:id/append 200']).toBeLessThanOrEqual(12)
  expect((await page.accepted()).map(({ media }) => media.length)).toEqual([1])
})

test('an X that drops the connection in the middle of chunks gets them again', async () => {
  await chaos.x().clearFaults()
  const page = await mediaFrontend(chaos.stack().state)
  const media = await page.upload(film, 'video/mp4')
  const match = { method: 'POST', path: '/2/media/upload/*', username: page.account.username }
  await chaos.x().addFault({ match, kind: 'reset_after', after: 3, times: 1 })
  await chaos.x().addFault({ match, kind: 'reset_before', after: 6, times: 1 })
  await chaos.x().addFault({ match, kind: '503', after: 8, times: 1 })

  await page.untilStatus(await page.publish({ media_ids: [media] }), 'published', 60_000)
  await expectWhole(page)
})

test('an X that forgets half an upload gets it from the start', async () => {
  await chaos.x().clearFaults()
  await slowX()
  const page = await mediaFrontend(chaos.stack().state)
  const media = await page.upload(film, 'video/mp4')
  const postId = await page.publish({ media_ids: [media] })
  await until('two chunks are on X', async () => (await nextChunk(media)) >= 2)
  await chaos.stack().functions.kill('media')
  await chaos
    .sql()
    .query(`update private.media_uploads set remote_id = '5' where media_id = $1`, [media])
  await lapse()

  await page.untilStatus(postId, 'published', 60_000)
  await expectWhole(page)
})
