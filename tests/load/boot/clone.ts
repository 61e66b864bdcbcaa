import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { say } from '../support/report.ts'
import { startProject } from './project-start.ts'

const run = promisify(execFile)

/**
 * From `git clone` of the last commit to the published demo post, in seconds: what a newcomer waits
 * for. The download is from npm's cache or registry, whichever npm chooses.
 */
export const cloneToPublished = async (repository: string, directory: string): Promise<number> => {
  const project = join(directory, 'clone')
  const began = performance.now()
  await run('git', ['clone', '--quiet', '--no-hardlinks', repository, project])
  await run('npm', ['ci', '--loglevel', 'error'], { cwd: project, maxBuffer: 64 * 1024 * 1024 })
  const installed = (performance.now() - began) / 1000
  const { publishedSeconds } = await startProject(project, join(directory, 'clone-data'))
  say(
    `clone and npm ci ${installed.toFixed(1)} s, then published in ${publishedSeconds.toFixed(1)} s`,
  )
  return installed + publishedSeconds
}
