import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFunctions, type Functions } from '../../scripts/stack/functions.ts'
import { PLATFORM_LIMITS } from '../../scripts/stack/limits.ts'
import { until } from '../helpers/until.ts'

const WALL_CLOCK_MS = 5000
const CPU_MS = 1500
const IDLE_MS = 700

const SOURCES = {
  echo: `export default { fetch: async (request) => {
    const { pathname, search } = new URL(request.url)
    console.log('seen')
    return Response.json({ pathname, search, body: await request.text(), isolate: Deno.pid })
  } }`,
  slow: `const text = new TextEncoder()
    export default { fetch: () => new Response(new ReadableStream({ async start(controller) {
      controller.enqueue(text.encode('first'))
      await new Promise((resolve) => setTimeout(resolve, ${IDLE_MS * 2}))
      controller.enqueue(text.encode('second'))
      controller.close()
    } })) }`,
  background: `export default { fetch: () => {
    EdgeRuntime.waitUntil(new Promise((resolve) => setTimeout(resolve, 1500)).then(() => console.log('worked')))
    return new Response(String(Deno.pid), { status: 202 })
  } }`,
  spin: `export default { fetch: () => {
    const until = Date.now() + 30_000
    while (Date.now() < until) {}
    return new Response('spun')
  } }`,
  told: `let reason = 'none'
    addEventListener('beforeunload', (event) => { reason = event.detail.reason })
    const spin = async () => {
      while (reason === 'none') {
        const until = performance.now() + 20
        while (performance.now() < until) {}
        await new Promise((resolve) => setTimeout(resolve, 0))
      }
    }
    export default { fetch: async (request) => {
      if (new URL(request.url).searchParams.has('spin')) await spin()
      else await new Promise((resolve) => addEventListener('beforeunload', resolve))
      return new Response(reason)
    } }`,
  hang: 'export default { fetch: () => new Promise(() => {}) }',
  files: `export default { fetch: async () =>
    new Response(await Deno.readTextFile('/etc/passwd').catch((error) => error.name)) }`,
  broken: "throw new Error('X_CLIENT_ID is missing'); export default {}",
}

let project: string
let functions: Functions
let server: Server
let base: string
const lines: string[] = []
const limits = {
  ...PLATFORM_LIMITS,
  wallClockMs: WALL_CLOCK_MS,
  cpuMs: CPU_MS,
  idleMs: IDLE_MS,
}

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'myposts-functions-'))
  await writeFile(join(project, 'deno.json'), '{}')
  for (const [slug, source] of Object.entries(SOURCES)) {
    await mkdir(join(project, 'functions', slug), { recursive: true })
    await writeFile(join(project, 'functions', slug, 'index.ts'), source)
  }
  functions = createFunctions({
    project,
    env: { DENO_DIR: join(project, 'cache'), NO_COLOR: '1' },
    limits,
    log: (line) => lines.push(line),
  })
  server = createServer((req, res) => functions.handle(req, res, req.url ?? '/'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  await functions.close()
  server.close()
  await rm(project, { recursive: true, force: true })
})

const alive = () => functions.stats().map(({ pid }) => pid)
const echo = async () => (await (await fetch(`${base}/echo`)).json()) as { isolate: number }

test('hands the function its path from the slug on, its query and its body', async () => {
  const response = await fetch(`${base}/echo/a/b?c=1`, { method: 'POST', body: 'text' })
  expect(await response.json()).toMatchObject({
    pathname: '/echo/a/b',
    search: '?c=1',
    body: 'text',
  })
  await until('the line it printed', () => lines.includes('[echo] seen'))
})

test('one isolate serves many requests, and a killed one is replaced', async () => {
  const [first, second] = [await echo(), await echo()]
  expect(second.isolate).toBe(first.isolate)
  expect(await functions.kill('echo')).toBe(1)
  expect((await echo()).isolate).not.toBe(first.isolate)
})

test('reports every live worker with its CPU', async () => {
  const { isolate } = await echo()
  const [worker] = functions.stats().filter(({ pid }) => pid === isolate)
  expect(worker).toMatchObject({ slug: 'echo', started_at: expect.any(String) })
  expect(worker?.cpu_ms).toBeGreaterThan(0)
})

test('passes a response on as it comes, for longer than the idle limit', async () => {
  const chunks: string[] = []
  const response = await fetch(`${base}/slow`)
  for await (const chunk of response.body ?? []) chunks.push(Buffer.from(chunk).toString())
  expect(chunks).toEqual(['first', 'second'])
})

test('ends a request that stays silent with 504 IDLE_TIMEOUT', async () => {
  const response = await fetch(`${base}/hang`)
  expect([response.status, response.headers.get('sb-error-code')]).toEqual([504, 'IDLE_TIMEOUT'])
})

test('tells why a worker could not boot', async () => {
  const response = await fetch(`${base}/broken`)
  expect([response.status, response.headers.get('sb-error-code')]).toEqual([503, 'BOOT_ERROR'])
  expect(await response.text()).toContain('X_CLIENT_ID is missing')
})

test('lets a function read no file', async () => {
  expect(await (await fetch(`${base}/files`)).text()).toMatch(/NotCapable|PermissionDenied/)
})

test.each(['/absent', '/', '/..%2fecho', '/echo%00'])('answers 404 for %s', async (path) => {
  expect((await fetch(base + path)).status).toBe(404)
})

test('gives requests a fresh worker after half of a life, and ends the old one', async () => {
  await functions.kill('echo')
  const old = await echo()
  await until('a fresh worker', async () => (await echo()).isolate !== old.isolate)
  await until('the old worker ended', () => !alive().includes(old.isolate))
})

test('a retired worker ends only when its background work is done', async () => {
  const pid = Number(await (await fetch(`${base}/background`)).text())
  functions.retire('background')
  const next = Number(await (await fetch(`${base}/background`)).text())
  expect(next).not.toBe(pid)
  expect(alive()).toEqual(expect.arrayContaining([pid, next]))
  await until('the retired worker ended', () => !alive().includes(pid))
  expect(lines).toContain('[background] worked')
})

test.each([
  ['CPU', '?spin', 'cpu'],
  ['wall clock', '', 'wall_clock'],
])('a worker is told before the %s ends it, and can still answer', async (_, query, reason) => {
  limits.idleMs = WALL_CLOCK_MS * 2
  functions.retire('told')

  const response = await fetch(`${base}/told${query}`)

  expect([response.status, await response.text()]).toEqual([200, reason])
})

test('a request whose worker has used up its CPU is told so', async () => {
  limits.idleMs = WALL_CLOCK_MS * 2
  const response = await fetch(`${base}/spin`)
  expect([response.status, response.headers.get('sb-error-code')]).toEqual([
    546,
    'WORKER_RESOURCE_LIMIT',
  ])
  expect(lines.find((line) => line.startsWith('[spin]'))).toMatch(/CPU limit reached/)
})

test('a request whose worker reaches its wall clock is told so', async () => {
  limits.idleMs = WALL_CLOCK_MS * 2
  await functions.kill('hang')
  const response = await fetch(`${base}/hang`)
  expect([response.status, response.headers.get('sb-error-code')]).toEqual([
    546,
    'WORKER_RESOURCE_LIMIT',
  ])
})
