import type { TestProject } from 'vitest/node'
import { startScratchPostgres } from '../../scripts/scratch-postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    database: { adminUrl: string; template: string }
  }
}

/** One throw-away server for the project; test files work in clones of its migrated template. */
export default async function setup(project: TestProject) {
  const { adminUrl, template, stop } = await startScratchPostgres()
  project.provide('database', { adminUrl, template })
  return stop
}
