import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockData } from '../../../scripts/stack/data-lock.ts'

let data: string
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'myposts-lock-'))
})
afterEach(() => rm(data, { recursive: true, force: true }))

test('lets one stack at a time use a data directory', async () => {
  const release = await lockData(data)
  await expect(lockData(data)).rejects.toThrow(`(process ${process.pid})`)
  await release()
  await expect(lockData(data)).resolves.toBeTypeOf('function')
})

test('takes over from a stack that was killed, even when its process id lives on', async () => {
  const left = { pid: process.pid, birth: 'another time' }
  await writeFile(join(data, 'stack.lock'), JSON.stringify(left))
  await expect(lockData(data)).resolves.toBeTypeOf('function')
})

test('takes over from a lock file that was cut short', async () => {
  await writeFile(join(data, 'stack.lock'), '{"pid":')
  await expect(lockData(data)).resolves.toBeTypeOf('function')
})
