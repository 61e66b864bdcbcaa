import { appendFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Chaos } from './chaos-batch.ts'
import { copyFiles } from './copy-files.ts'

/**
 * Takes a copy of the cluster's files, as a backup would. The answer goes back to it: Postgres comes up
 * through archive recovery on a new timeline, as after a restore or a promotion.
 */
export const copyDatabase = async (chaos: Chaos): Promise<() => Promise<void>> => {
  const { postgres, state } = chaos.stack()
  const cluster = join(state.data, 'postgres')
  const copy = join(state.data, 'postgres.copy')
  await postgres.stop('fast')
  await copyFiles(cluster, copy)
  await postgres.start()

  return async () => {
    await postgres.stop('immediate')
    await rm(cluster, { recursive: true })
    await rename(copy, cluster)
    await writeFile(join(cluster, 'recovery.signal'), '')
    await appendFile(join(cluster, 'postgresql.auto.conf'), `restore_command = 'false'\n`)
    await postgres.start()
  }
}
