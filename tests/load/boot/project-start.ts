import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import type { StackState } from '../../../scripts/stack/state.ts'
import { until } from '../../helpers/until.ts'

export type Start = { readySeconds: number; publishedSeconds: number }

const GIVE_UP_MS = 120_000

const stateOf = async (data: string): Promise<StackState | undefined> => {
  const text = await readFile(join(data, 'state.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}

/** Waits until the first post of the stack, the demo's, is on the sandbox X. */
const whenPublished = async (state: StackState): Promise<void> => {
  const sql = new pg.Client({ connectionString: state.admin_db_url })
  await sql.connect()
  try {
    await until(
      'the demo post is published',
      async () =>
        (await sql.query(`select from public.posts where status = 'published'`)).rowCount === 1,
      GIVE_UP_MS,
    )
  } finally {
    await sql.end()
  }
}

/** Runs `npm start` in a project on fresh data until its demo post is published, and stops it. */
export const startProject = async (project: string, data: string): Promise<Start> => {
  const began = performance.now()
  const since = () => (performance.now() - began) / 1000
  const child = spawn('npm', ['start', '--silent', '--', '--port', '0', '--data', data], {
    cwd: project,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(child, 'exit')
  try {
    const state = await until(
      'the stack is ready',
      () => {
        if (child.exitCode !== null) throw new Error('npm start ended')
        return stateOf(data)
      },
      GIVE_UP_MS,
    )
    const readySeconds = since()
    await whenPublished(state)
    return { readySeconds, publishedSeconds: since() }
  } finally {
    const running = await stateOf(data)
    if (running) process.kill(running.pid, 'SIGTERM')
    else child.kill('SIGTERM')
    await exited
  }
}
