import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const seconds = (count: number) => count * 1000

/** Half of what these tests take is Postgres' own time or waiting, so one worker leaves a core idle on a small machine. */
const maxWorkers = Math.max(2, availableParallelism() - 1)

/** A project owns a folder of tests. Groups run one after the other, cheapest first; the projects of one share workers. */
const project = (name: string, groupOrder: number, options: object) => ({
  test: {
    name,
    include: [`tests/${name}/**/*.test.ts`],
    sequence: { groupOrder },
    ...options,
  },
})

export default defineConfig({
  test: {
    projects: [
      project('unit', 1, { maxWorkers, testTimeout: seconds(10) }),
      project('db', 2, {
        maxWorkers,
        globalSetup: ['tests/helpers/database-setup.ts'],
        testTimeout: seconds(30),
        hookTimeout: seconds(60),
      }),
      project('sim', 3, {
        maxWorkers,
        globalSetup: ['tests/helpers/database-setup.ts'],
        testTimeout: seconds(900),
        hookTimeout: seconds(60),
      }),
      project('e2e', 4, {
        globalSetup: ['tests/helpers/stack-setup.ts', 'tests/helpers/migrated-cluster-setup.ts'],
        maxWorkers,
        testTimeout: seconds(60),
        hookTimeout: seconds(90),
      }),
      project('chaos', 4, {
        maxWorkers,
        globalSetup: ['tests/helpers/migrated-cluster-setup.ts'],
        testTimeout: seconds(120),
        hookTimeout: seconds(120),
      }),
    ],
  },
})
