import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isAlive } from '../../scripts/stack/is-alive.ts'
import type { StackState } from '../../scripts/stack/state.ts'
import { until } from '../helpers/until.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'scripts', 'stack', 'main.ts')
const READY_MS = 60_000

let data: string
let running: ChildProcess | undefined

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'myposts-lifecycle-'))
  await start()
})

afterAll(async () => {
  running?.kill('SIGKILL')
  await rm(data, { recursive: true, force: true })
})

const run = (...options: string[]) => {
  const args = [MAIN, '--data', data, '--no-demo', ...options]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text))
  return { child, output: () => output }
}

const readState = async () =>
  JSON.parse(await readFile(join(data, 'state.json'), 'utf8')) as StackState

const start = async () => {
  const started = run('--port', '0')
  running = started.child
  const isReady = async () => {
    if (started.child.exitCode !== null) throw new Error(started.output())
    const state = await readState().catch(() => undefined)
    return state?.pid === started.child.pid && state
  }
  const state = await until('the stack to be ready', isReady, READY_MS)
  return { ...started, state }
}

const query = async <T>({ db_url }: StackState, sql: string) => {
  const client = new pg.Client({ connectionString: db_url })
  await client.connect()
  const { rows } = await client.query(sql).finally(() => client.end())
  return rows as T[]
}

const postmaster = async () =>
  Number((await readFile(join(data, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])

test('a second start on the same data is refused, saying where the first one is', async () => {
  const first = await readState()
  const second = run('--port', '0')
  const [code] = await once(second.child, 'exit')
  expect(code).toBe(1)
  expect(second.output()).toContain(`already runs at ${first.api_url}`)
})

test('a port in use is refused, naming its holder and a command that works', async () => {
  const { port } = new URL((await readState()).api_url)
  const other = run('--port', port, '--data', `${data}-2`)
  const [code] = await once(other.child, 'exit')
  expect(code).toBe(1)
  expect(other.output()).toMatch(/in use by node \(process \d+\)[\s\S]*npm start -- --port \d+/)
  await rm(`${data}-2`, { recursive: true, force: true })
})

test('when the stack is killed its children end, and the next start has the data', async () => {
  const state = await readState()
  await query(state, 'create table public.kept as select 1 as id')
  const server = await postmaster()
  running?.kill('SIGKILL')
  await until('Postgres ended', () => !isAlive(server))
  const again = await start()
  expect(again.state.publishable_key).toBe(state.publishable_key)
  expect(await query(again.state, 'select id from public.kept')).toEqual([{ id: 1 }])
})

test('a signal stops everything and leaves no state behind', async () => {
  const server = await postmaster()
  running?.kill('SIGTERM')
  const [code] = await once(running as ChildProcess, 'exit')
  expect(code).toBe(0)
  expect(isAlive(server)).toBe(false)
  expect(existsSync(join(data, 'state.json'))).toBe(false)
})

test('a broken data directory gives one message with the command that begins anew', async () => {
  await rm(join(data, 'postgres', 'PG_VERSION'))
  const refused = run('--port', '0')
  const [code] = await once(refused.child, 'exit')
  expect(code).toBe(1)
  expect(refused.output()).toContain('is not a Postgres cluster')
  expect(refused.output()).toMatch(/→ .*npm start -- .*--fresh/)
})
