import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What the demo made, kept beside the data it belongs to. */
export type DemoRecord = {
  email: string
  password: string
  workspace_id: string
  account_id: string
  post_id: string
  receiver_port: number
}

const fileIn = (data: string) => join(data, 'demo.json')

/** Undefined on data the demo has not run on. */
export const readDemo = async (data: string): Promise<DemoRecord | undefined> =>
  existsSync(fileIn(data))
    ? (JSON.parse(await readFile(fileIn(data), 'utf8')) as DemoRecord)
    : undefined

export const writeDemo = (data: string, record: DemoRecord): Promise<void> =>
  writeFile(fileIn(data), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
