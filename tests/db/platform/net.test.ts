import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { freePort } from '../../../scripts/stack/free-port.ts'
import { startNet } from '../../../scripts/stack/net/worker.ts'
import { connect, databaseUrl, type Tx } from '../../helpers/database.ts'
import { asRole } from '../../helpers/in-database.ts'
import { until } from '../../helpers/until.ts'

let received: { method?: string; url?: string; headers: IncomingMessage['headers']; body: string }[]
let server: Server
let base: string
let client: Tx
let net: Awaited<ReturnType<typeof startNet>>

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const { method, url, headers } = request
    received.push({ method, url, headers, body: await text(request) })
    if (url === '/hang') return
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"ok":true}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  client = await connect()
  net = await startNet({ adminUrl: asRole(await databaseUrl(), 'supabase_admin'), log: () => {} })
})

beforeEach(() => {
  received = []
})

afterAll(async () => {
  await net.close()
  server.closeAllConnections()
  server.close()
})

const post = async (path: string, timeout = 5000) => {
  const { rows } = await client.query<{ id: string }>(
    `select net.http_post($1, '{"a": 1}', '{"q": "a b"}', timeout_milliseconds := $2) as id`,
    [base + path, timeout],
  )
  return rows[0]?.id
}

const response = (id: string | undefined) =>
  until(`response ${id}`, async () => {
    const { rows } = await client.query('select * from net._http_response where id = $1', [id])
    return rows[0]
  })

test('sends a committed request once and keeps the answer', async () => {
  const id = await post('/hook')
  expect(await response(id)).toMatchObject({
    status_code: 202,
    content: '{"ok":true}',
    content_type: 'application/json',
    timed_out: false,
    error_msg: null,
  })
  expect(received).toMatchObject([
    { method: 'POST', url: '/hook?q=a%20b', headers: { 'content-type': 'application/json' } },
  ])
  expect(JSON.parse(received[0]?.body ?? '')).toEqual({ a: 1 })
})

test('sends nothing before commit, and nothing after a rollback', async () => {
  await client.query('begin')
  await post('/never')
  await client.query('rollback')
  await client.query('begin')
  const id = await post('/later')
  const witness = await connect()
  await response(
    (await witness.query(`select net.http_get($1) as id`, [`${base}/witness`])).rows[0].id,
  )
  expect(received.map(({ url }) => url)).toEqual(['/witness'])
  await client.query('commit')
  await response(id)
  expect(received.map(({ url }) => url)).toEqual(['/witness', '/later?q=a%20b'])
})

test('gives up after the timeout and never tries again', async () => {
  const { rows } = await client.query(
    `select net.http_get($1, timeout_milliseconds := 200) as id`,
    [`${base}/hang`],
  )
  expect(await response(rows[0].id)).toMatchObject({ timed_out: true, status_code: null })
  await response(await post('/after'))
  expect(received.filter(({ url }) => url === '/hang')).toHaveLength(1)
})

test('reports a refused connection', async () => {
  const { rows } = await client.query('select net.http_get($1) as id', [
    `http://127.0.0.1:${await freePort()}`,
  ])
  const row = await response(rows[0].id)
  expect(row).toMatchObject({ timed_out: false, status_code: null })
  expect(row.error_msg).toMatch(/ECONNREFUSED/)
})

test('sends a burst larger than a batch', async () => {
  await client.query(
    `select net.http_post($1, jsonb_build_object('n', n)) from generate_series(1, 450) as n`,
    [`${base}/burst`],
  )
  await until('450 requests', () => received.length === 450)
})

test('goes on after its connections were cut', async () => {
  const admin = await connect('supabase_admin')
  await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = 'pg_net worker'`,
  )
  await response(await post('/again'))
})
