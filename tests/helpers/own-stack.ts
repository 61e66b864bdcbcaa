import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, inject } from 'vitest'
import { type Stack, type StackOptions, startStack } from '../../scripts/stack/start.ts'
import { copyFiles } from './copy-files.ts'

/** A whole stack for this test file alone, which its tests may break. Call the answer to reach it. */
export function useOwnStack(options: Omit<StackOptions, 'data' | 'port'> = {}): () => Stack {
  let directory: string
  let stack: Stack | undefined

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'myposts-chaos-'))
    const data = join(directory, 'stack')
    await mkdir(data)
    await copyFiles(inject('migratedCluster'), join(data, 'postgres'))
    stack = await startStack({ ...options, port: 0, data })
  })
  afterAll(async () => {
    await stack?.stop()
    await rm(directory, { recursive: true, force: true })
  })
  return () => {
    if (!stack) throw new Error('the stack is not started yet')
    return stack
  }
}
