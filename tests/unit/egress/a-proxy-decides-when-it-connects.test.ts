import { afterEach, expect, test } from 'vitest'
import { startConnectProxy } from '../../helpers/connect-proxy.ts'
import { startDnsServer } from '../../helpers/dns-server.ts'
import { CERTIFIED, sendFromDeno, startTlsServer } from '../../helpers/egress.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})
const closing = <T extends { close(): void }>(started: T) => {
  closers.push(() => started.close())
  return started
}

/** Everything looks public to us; only the proxy knows better. */
const start = async () => {
  const dns = closing(await startDnsServer((_, kind) => (kind === 'A' ? { A: ['8.8.8.8'] } : {})))
  const server = closing(
    await startTlsServer((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { location: '/' })
      request.resume().on('end', () => response.end('thanks'))
    }),
  )
  const proxy = closing(
    await startConnectProxy({
      [`${CERTIFIED}:443`]: server.port,
      'rebound.example.com:443': 'private',
      'evil.example.com:443': server.port,
    }),
  )
  const send = (urls: string[], proxyUrl = proxy.urlFor('me:secret')) =>
    sendFromDeno({ urls, dnsPort: dns.port, proxyUrl })
  return { send, proxy, server }
}

test('requests go through the proxy, encrypted to the host itself', async () => {
  const { send, proxy, server } = await start()
  const url = `https://${CERTIFIED}/`
  expect(await send([url, `${url}moved`])).toEqual([
    { status: 200, text: 'thanks' },
    { status: 302, text: 'thanks' },
  ])
  expect(proxy.asked[0]).toEqual({
    target: `${CERTIFIED}:443`,
    authorization: `Basic ${btoa('me:secret')}`,
  })
  expect(server.connections()).toBe(proxy.asked.length)
})

test('what the proxy refuses or nobody certifies is not sent', async () => {
  const { send, server } = await start()
  const sent = await send(['https://rebound.example.com/', 'https://evil.example.com/'])
  expect(sent).toEqual(Array.from({ length: 2 }, () => ({ failed: expect.any(String) })))
  expect(server.connections()).toBe(0)
})

test('a proxy that is away is gone around by nothing, and told from a receiver that is', async () => {
  const { send, proxy, server } = await start()
  const url = `https://${CERTIFIED}/`
  const ofProxy = { failed: expect.stringMatching(/^ProxyUnreachable: /) }
  expect(await send([url], 'http://no-such-proxy.invalid:3128')).toEqual([ofProxy])
  expect(await send(['https://rebound.example.com/'])).toEqual([
    { failed: expect.stringMatching(/^TypeError: /) },
  ])
  proxy.close()
  expect(await send([url])).toEqual([ofProxy])
  expect(server.connections()).toBe(0)
})

test('addresses are checked before the proxy is asked', async () => {
  const { send, proxy } = await start()
  expect(await send(['https://10.0.0.1/', 'https://metadata.google.internal/'])).toEqual([
    { refused: 'address-refused' },
    { refused: 'address-refused' },
  ])
  expect(proxy.asked).toEqual([])
})
