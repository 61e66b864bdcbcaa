import type { TestProject } from 'vitest/node'
import { startScratchPostgres } from '../../scripts/scratch-postgres.ts'
import { oncePerRun } from './once-per-run.ts'

declare module 'vitest' {
  interface ProvidedContext {
    database: { adminUrl: string; template: string }
  }
}

/** One throw-away server for the run; test files work in clones of its migrated template. */
export default (project: TestProject) =>
  oncePerRun(project, 'database', async () => {
    const { adminUrl, template, stop } = await startScratchPostgres()
    return { value: { adminUrl, template }, stop }
  })
