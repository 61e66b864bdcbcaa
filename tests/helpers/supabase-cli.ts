import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../..')

/** Runs the real supabase CLI; resolves with what it printed, rejects with all its output. */
export async function supabase(...args: string[]): Promise<string> {
  const command = join(root, 'node_modules/.bin/supabase')
  const env = { ...process.env, DO_NOT_TRACK: '1' }
  const { stdout } = await promisify(execFile)(command, args, { cwd: root, env })
  return stdout
}

/** The address in the form the CLI takes for a server without TLS. */
export const remote = (url: string) => `--remote=${url}?sslmode=disable`
