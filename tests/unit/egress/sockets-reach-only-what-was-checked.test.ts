import { afterEach, expect, test } from 'vitest'
import { type Records, startDnsServer } from '../../helpers/dns-server.ts'
import { CERTIFIED, sendFromDeno, startTlsServer } from '../../helpers/egress.ts'

const PUBLIC = '93.184.216.34'
const URL_ = `https://${CERTIFIED}/hook?a=1`

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})
const closing = <T extends { close(): void }>(started: T) => {
  closers.push(() => started.close())
  return started
}

const serve = async (...args: Parameters<typeof startTlsServer>) =>
  closing(await startTlsServer(...args))

const resolving = async (records: Record<string, Records>) =>
  closing(await startDnsServer((name) => records[name])).port

/** A server that keeps what came and answers 200. */
const recorder = async () => {
  const seen: { url?: string; headers: object; body: string }[] = []
  const server = await serve((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (piece) => {
      body += piece
    })
    request.on('end', () => {
      seen.push({ url: request.url ?? '', headers: request.headers, body })
      response.end('thanks')
    })
  })
  return { ...server, seen }
}

test('a name that turns private after the check never leads anywhere but where it was checked', async () => {
  const [real, internal] = [await recorder(), await recorder()]
  let asked = 0
  const dns = closing(
    await startDnsServer((_name, kind) => {
      if (kind !== 'A') return {}
      asked += 1
      return { A: [asked === 1 ? PUBLIC : '127.0.0.1'] }
    }),
  )
  const sent = await sendFromDeno({
    urls: [URL_, URL_],
    dnsPort: dns.port,
    routes: { [`${PUBLIC}:443`]: real.port, '127.0.0.1:443': internal.port },
  })
  expect(sent).toEqual([{ status: 200, text: 'thanks' }, { refused: 'address-refused' }])
  expect(internal.connections()).toBe(0)
  expect(real.seen).toEqual([
    {
      url: '/hook?a=1',
      headers: {
        host: CERTIFIED,
        'content-type': 'text/plain',
        'x-sent-by': 'a test',
        'content-length': '6',
      },
      body: 'hällo',
    },
  ])
})

test('only a certificate for the name is taken', async () => {
  const server = await recorder()
  const dnsPort = await resolving({ 'evil.example.com': { A: [PUBLIC] } })
  const routes = { [`${PUBLIC}:443`]: server.port }
  const sent = await sendFromDeno({ urls: ['https://evil.example.com/'], dnsPort, routes })
  expect(sent).toEqual([{ failed: expect.stringContaining('NotValidForName') }])
  expect(server.seen).toEqual([])
})

test('every address is checked, those of other kinds and behind other names included', async () => {
  const dnsPort = await resolving({
    'both.example.com': { A: [PUBLIC], AAAA: ['fd00:0:0:0:0:0:0:1'] },
    'many.example.com': { A: [PUBLIC, '10.0.0.1'] },
    'alias.example.com': { CNAME: 'other.example.com' },
    'other.example.com': { CNAME: 'inside.example.com' },
    'inside.example.com': { A: ['169.254.169.254'] },
  })
  const names = ['both', 'many', 'alias', 'absent']
  const sent = await sendFromDeno({
    urls: names.map((name) => `https://${name}.example.com/`),
    dnsPort,
  })
  expect(sent).toEqual([
    ...Array.from({ length: 3 }, () => ({ refused: 'address-refused' })),
    { refused: 'dns' },
  ])
})

test('an address that does not answer gives way to the next', async () => {
  const server = await recorder()
  const dnsPort = await resolving({ [CERTIFIED]: { A: ['8.8.8.8', PUBLIC] } })
  const routes = { [`${PUBLIC}:443`]: server.port }
  expect(await sendFromDeno({ urls: [URL_], dnsPort, routes })).toMatchObject([{ status: 200 }])
})

test('requests to one host share a connection, and one that was closed meanwhile is replaced', async () => {
  const server = await serve((request, response) => {
    request.resume().on('end', () => {
      response.end('ok', () => {
        if (request.url === '/last') request.socket.destroy()
      })
    })
  })
  const dnsPort = await resolving({ [CERTIFIED]: { A: [PUBLIC] } })
  const sent = await sendFromDeno({
    urls: ['/', '/', '/last', '/', '/'].map((path) => `https://${CERTIFIED}${path}`),
    dnsPort,
    routes: { [`${PUBLIC}:443`]: server.port },
  })
  expect(sent).toEqual(Array.from({ length: 5 }, () => ({ status: 200, text: 'ok' })))
  expect(server.connections()).toBe(2)
})

test('silence ends with the deadline, and an answer without end when enough was read', async () => {
  const server = await serve((request, response) => {
    request.resume()
    if (request.url === '/silence') return
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
      response.once('drain', more)
    }
    more()
  })
  const dnsPort = await resolving({ [CERTIFIED]: { A: [PUBLIC] } })
  const urls = ['/silence', '/flood'].map((path) => `https://${CERTIFIED}${path}`)
  const routes = { [`${PUBLIC}:443`]: server.port }
  const sent = await sendFromDeno({ urls, dnsPort, routes, timeoutMs: 1_000 })
  expect(sent).toEqual([
    { failed: expect.stringContaining('TimeoutError') },
    { status: 200, text: 'x'.repeat(1024) },
  ])
})
