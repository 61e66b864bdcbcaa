import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { readBroken } from '../../../shared/x/transport.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

const listen = async (onSocket: (socket: Socket) => void): Promise<string> => {
  const server = createServer(onSocket)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('no address')
  return `http://127.0.0.1:${address.port}`
}

const broken = async (url: string, signal?: AbortSignal) => {
  try {
    const response = await fetch(url, { method: 'POST', body: '{}', ...(signal ? { signal } : {}) })
    await response.text()
  } catch (error) {
    return readBroken(error).broken
  }
  return 'answered'
}

describe('a broken call of Node', () => {
  it('was not sent when the connection is refused', async () => {
    const url = await listen(() => {})
    for (const close of closers.splice(0)) close()
    expect(await broken(url)).toBe('not_sent')
  })

  it('was not sent when the name does not exist', async () => {
    expect(await broken('http://nowhere.invalid/')).toBe('not_sent')
  })

  it('is lost when the connection is reset', async () => {
    const url = await listen((socket) => socket.once('data', () => socket.resetAndDestroy()))
    expect(await broken(url)).toBe('lost')
  })

  it('is lost when the connection closes without an answer', async () => {
    const url = await listen((socket) => socket.once('data', () => socket.end()))
    expect(await broken(url)).toBe('lost')
  })

  it('is lost when the body breaks off', async () => {
    const head = 'HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{"data"'
    const url = await listen((socket) => socket.once('data', () => socket.end(head)))
    expect(await broken(url)).toBe('lost')
  })

  it('is a timeout when we give up waiting', async () => {
    const controller = new AbortController()
    const url = await listen((socket) => socket.once('data', () => controller.abort()))
    expect(await broken(url, controller.signal)).toBe('timeout')
  })
})

const nodeError = (code: string, syscall: string) =>
  Object.assign(new Error(`${syscall} ${code}`), { code, syscall })

describe('an unreachable network, in Node', () => {
  it.each(['EHOSTUNREACH', 'ENETUNREACH', 'ECONNREFUSED'])(
    '%s is certain at connect only',
    (code) => {
      const broken = (syscall: string) =>
        readBroken(new TypeError('fetch failed', { cause: nodeError(code, syscall) })).broken
      expect(broken('connect')).toBe('not_sent')
      expect(broken('write')).toBe('lost')
      expect(broken('read')).toBe('lost')
    },
  )

  it('was not sent when every address failed at connect', () => {
    const several = (...errors: Error[]) =>
      readBroken(new TypeError('fetch failed', { cause: new AggregateError(errors) })).broken
    const refused = nodeError('ECONNREFUSED', 'connect')
    expect(several(refused, refused)).toBe('not_sent')
    expect(several(refused, nodeError('ECONNRESET', 'read'))).toBe('lost')
    expect(several()).toBe('lost')
  })
})

const deno = (text: string) =>
  new TypeError(`error sending request for url (https://api.x.com/): ${text}`)

describe('a broken call of Deno', () => {
  it.each([
    ['client error (Connect): tcp connect error: Connection refused (os error 111)', 'not_sent'],
    ['client error (Connect): dns error: failed to lookup address information', 'not_sent'],
    ['client error (Connect): invalid peer certificate: UnknownIssuer', 'not_sent'],
    ['client error (SendRequest): connection closed before message completed', 'lost'],
    ['client error (SendRequest): connection error: No route to host (os error 113)', 'lost'],
    [
      'client error (SendRequest): connection error: Connection reset by peer (os error 104)',
      'lost',
    ],
  ])('%s', (text, expected) => {
    expect(readBroken(deno(text)).broken).toBe(expected)
  })

  it('is lost when nothing is known of the error', () => {
    expect(readBroken(new TypeError('something new')).broken).toBe('lost')
    expect(readBroken('a string').broken).toBe('lost')
  })

  it('is a timeout by the name of the error', () => {
    expect(readBroken(new DOMException('Signal timed out.', 'TimeoutError')).broken).toBe('timeout')
  })
})
