import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eraseData } from '../../../scripts/stack/erase-data.ts'

test('erases what the stack keeps and nothing else in the folder', async () => {
  const data = await mkdtemp(join(tmpdir(), 'myposts-erase-'))
  const own = ['keys.json', 'state.json', 'postgres.log', 'sandbox-x.jsonl']
  const foreign = ['thesis.docx', 'postgres.md', 'my-keys.json']
  for (const name of [...own, ...foreign]) await writeFile(join(data, name), '')
  await mkdir(join(data, 'postgres'))
  await eraseData(data)
  expect((await readdir(data)).sort()).toEqual(foreign.sort())
  await rm(data, { recursive: true })
})
