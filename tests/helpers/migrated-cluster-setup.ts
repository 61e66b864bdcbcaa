import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startStack } from '../../scripts/stack/start.ts'
import { oncePerRun } from './once-per-run.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Directory of a stack's Postgres that was migrated and stopped: what an own stack begins with. */
    migratedCluster: string
  }
}

export default (project: TestProject) =>
  oncePerRun(project, 'migratedCluster', async () => {
    const data = await mkdtemp(join(tmpdir(), 'myposts-migrated-'))
    const stack = await startStack({ port: 0, data, functions: false, cron: false })
    await stack.stop()
    return {
      value: join(data, 'postgres'),
      stop: () => rm(data, { recursive: true, force: true }),
    }
  })
