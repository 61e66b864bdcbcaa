/** Usage: npm run bench:boot — how soon the stack is there, from a start and from a clone. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { largestBundle } from './boot/bundles.ts'
import { cloneToPublished } from './boot/clone.ts'
import { measureColdStarts } from './boot/cold-starts.ts'
import { type Start, startProject } from './boot/project-start.ts'
import { report, say } from './support/report.ts'
import { median } from './support/statistics.ts'

const PROJECT = join(import.meta.dirname, '..', '..')
const ROUNDS = 3

const measure = async (directory: string) => {
  const slugs = await readdir(join(PROJECT, 'functions'))
  const starts: Start[] = []
  for (let round = 1; round <= ROUNDS; round += 1) {
    const start = await startProject(PROJECT, join(directory, `start-${round}`))
    say(
      `start ${round}: ready in ${start.readySeconds.toFixed(1)} s, published in ${start.publishedSeconds.toFixed(1)} s`,
    )
    starts.push(start)
  }
  report({
    bench: 'boot',
    metrics: {
      start_to_published_s: median(starts.map(({ publishedSeconds }) => publishedSeconds)),
      clone_to_published_s: await cloneToPublished(PROJECT, directory),
      stack_ready_s: median(starts.map(({ readySeconds }) => readySeconds)),
      cold_start_ms: median(await measureColdStarts(join(directory, 'cold'), slugs)),
      bundle_gzip_kb: await largestBundle(PROJECT, slugs),
    },
    checks: {},
  })
}

const directory = await mkdtemp(join(tmpdir(), 'myposts-bench-'))
try {
  await measure(directory)
} finally {
  await rm(directory, { recursive: true, force: true })
}
