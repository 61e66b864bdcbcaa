// Usage: npm run bench:media — [--megabytes 512]
// A video goes from storage to the sandbox X through the media function on real Deno: what memory and
// CPU that takes, and whether every byte arrives. Then many pictures that are due together: how many a second.

import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { png } from '../helpers/files.ts'
import { type MediaFrontend, type Medium, mediaFrontend } from '../helpers/media-frontend.ts'
import { largeVideo } from './media/large-video.ts'
import { memoryOf, type Watched, watchWorkers } from './media/memory.ts'
import { sendPictures } from './media/pictures.ts'
import { report, say } from './support/report.ts'
import { type Host, startHost } from './support/start-host.ts'

const MEGABYTE = 1_048_576
const ALLOWED_MB = 64
/** Whose pictures are due together. */
const ACCOUNTS = 8

const { values } = parseArgs({ options: { megabytes: { type: 'string', default: '512' } } })
const megabytes = Number(values.megabytes)
const bytes = megabytes * MEGABYTE

const put = async ({ upload }: Medium, parts: Iterable<Buffer>) => {
  const headers = { ...upload.headers, 'content-length': String(bytes) }
  const sending = request(upload.url, { method: 'PUT', headers })
  const answered = once(sending, 'response')
  await pipeline(Readable.from(parts), sending)
  const [answer] = await answered
  answer.resume()
  if (answer.statusCode !== 200) throw new Error(`the upload was answered ${answer.statusCode}`)
}

const begin = async (page: MediaFrontend): Promise<Medium> => {
  const body = { file_name: 'long.mp4', content_type: 'video/mp4', bytes }
  const answer = await page.api('POST', '/media', { body })
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
  return answer.body
}

const seconds = async (work: () => Promise<unknown>) => {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1_000
}

/** What a worker holds that has uploaded one small picture: everything is loaded, nothing is big. */
const idleBytes = async (host: Host, page: MediaFrontend): Promise<number> => {
  const picture = await page.upload(png(64, 64), 'image/png')
  await page.untilStatus(await page.publish({ media_ids: [picture] }), 'published')
  const worker = (await host.workers()).find(({ slug }) => slug === 'media')
  const memory = worker && memoryOf(worker.pid)
  if (!memory) throw new Error('No worker of the media function is left to measure.')
  await host.killWorkers('media')
  return memory.now
}

const judge = async (
  page: MediaFrontend,
  workers: Watched[],
  video: ReturnType<typeof largeVideo>,
  idle: number,
) => {
  const known = (await page.knownMedia()).at(-1)
  const hashes = known?.chunks.map(({ sha256 }) => sha256) ?? []
  const grown = workers.map(({ peakBytes }) => (peakBytes - idle) / MEGABYTE)
  const cpuMs = workers.reduce((sum, worker) => sum + worker.cpuMs, 0)
  return {
    metrics: {
      idle_rss_mb: idle / MEGABYTE,
      added_rss_max_mb: Math.max(...grown),
      rss_peak_mb: Math.max(...workers.map(({ peakBytes }) => peakBytes)) / MEGABYTE,
      isolates: workers.length,
      isolate_cpu_max_ms: Math.max(...workers.map((worker) => worker.cpuMs)),
      cpu_ms_per_mb: cpuMs / megabytes,
    },
    checks: {
      every_byte_arrived: JSON.stringify(hashes) === JSON.stringify(video.hashes()),
      within_64_mb: Math.max(...grown) < ALLOWED_MB,
    },
  }
}

/** Many pictures that are due together: how many a second, and the memory of the workers that carry them. */
const judgePictures = async (host: Host, size: 'small' | 'large', idle: number) => {
  const watch = watchWorkers(host, 'media')
  const pages: MediaFrontend[] = []
  while (pages.length < ACCOUNTS) pages.push(await mediaFrontend(host.state))
  const { perS, haveAll } = await sendPictures(pages, host.state.x_url, size)
  const peaks = (await watch.stop()).map(({ peakBytes }) => (peakBytes - idle) / MEGABYTE)
  await host.killWorkers('media')
  return {
    metrics: {
      [`${size}_pictures_per_s`]: perS,
      [`${size}_pictures_added_rss_max_mb`]: Math.max(...peaks),
    },
    checks: { [`every_${size}_picture_arrived`]: haveAll },
  }
}

const run = async (directory: string) => {
  const host = await startHost({ data: join(directory, 'stack') }, say)
  try {
    const page = await mediaFrontend(host.state)
    const idle = await idleBytes(host, page)
    const video = largeVideo(bytes)
    const medium = await begin(page)
    const putS = await seconds(() => put(medium, video.parts()))
    say(`${megabytes} MB are in storage after ${putS.toFixed(1)} s`)
    const watch = watchWorkers(host, 'media')
    const publishedS = await seconds(async () => {
      const postId = await page.publish({ media_ids: [medium.id] })
      await page.untilStatus(postId, 'published', 600_000)
    })
    const { metrics, checks } = await judge(page, await watch.stop(), video, idle)
    const times = { put_s: putS, published_after_s: publishedS }
    await host.killWorkers('media')
    const small = await judgePictures(host, 'small', idle)
    const large = await judgePictures(host, 'large', idle)
    report({
      bench: 'media',
      metrics: { megabytes, ...metrics, ...times, ...small.metrics, ...large.metrics },
      checks: { ...checks, ...small.checks, ...large.checks },
    })
  } finally {
    await host.stop()
  }
}

const directory = await mkdtemp(join(tmpdir(), 'myposts-bench-media-'))
await run(directory).finally(() => rm(directory, { recursive: true, force: true }))
