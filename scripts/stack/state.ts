import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JSONWebKeySet } from 'jose'

/** Where a running stack is and how to get in; written to `<data>/state.json` while it runs. */
export type StackState = {
  api_url: string
  functions_url: string
  realtime_url: string
  /** Role `postgres`. */
  db_url: string
  /** Role `supabase_admin`, the superuser. */
  admin_db_url: string
  /** The sandbox X. */
  x_url: string
  publishable_key: string
  secret_key: string
  cron_key: string
  /** Object storage that speaks S3, and what it lets in. */
  s3_url: string
  s3_region: string
  s3_bucket: string
  s3_access_key_id: string
  s3_secret_access_key: string
  jwks: JSONWebKeySet
  data: string
  pid: number
}

/** Writes the state so that a reader sees all of it or none; answers how to remove it. */
export const publishState = async (state: StackState) => {
  const file = join(state.data, 'state.json')
  await writeFile(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return () => rm(file, { force: true })
}
