import { assert, asyncProperty, integer, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import type { Connection } from '../../../shared/egress/connection.ts'
import { exchange, isUnanswered } from '../../../shared/egress/exchange.ts'

const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0))

/** A connection on which `answer` arrives in parts of `size` bytes and then ends. */
const answering = (answer: string, size = 7) => {
  const bytes = latin1(answer)
  let at = 0
  let isClosed = false
  const connection: Connection = {
    read: async (into) => {
      if (at >= bytes.length) return null
      const part = bytes.subarray(at, at + Math.min(size, into.length))
      into.set(part)
      at += part.length
      return part.length
    },
    write: async (sent) => sent.length,
    close: () => {
      isClosed = true
    },
  }
  return { connection, isClosed: () => isClosed }
}

const get = async (answer: string, size?: number) => {
  const { connection, isClosed } = answering(answer, size)
  let isReleased = false
  const release = () => {
    isReleased = true
  }
  const request = latin1('POST / HTTP/1.1\r\n\r\n')
  const response = await exchange(connection, request, new AbortController().signal, release)
  const text = Buffer.from(await response.arrayBuffer()).toString('latin1')
  return { status: response.status, headers: response.headers, text, isReleased, isClosed }
}

const OK = 'HTTP/1.1 200 OK\r\n'

test.each([
  ['of a given length', `${OK}Content-Length: 5\r\n\r\nhello`, 'hello', true],
  [
    'in chunks',
    `${OK}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n`,
    'hello',
    true,
  ],
  ['until the end', `${OK}\r\nhello`, 'hello', false],
  ['without a body', `HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n`, '', true],
  ['empty', `${OK}Content-Length: 0\r\n\r\n`, '', true],
  [
    'after interim answers',
    `HTTP/1.1 103 Early\r\nLink: a\r\n\r\n${OK}Content-Length: 2\r\n\r\nhi`,
    'hi',
    true,
  ],
  ['of a server that closes', `${OK}Connection: close\r\nContent-Length: 2\r\n\r\nhi`, 'hi', false],
  ['of HTTP/1.0', `HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi`, 'hi', false],
  [
    'with bytes nobody asked for',
    `${OK}Content-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n`,
    'hi',
    false,
  ],
  ['with plain line feeds', `HTTP/1.1 200\nContent-Length: 2\n\nhi`, 'hi', true],
])('an answer %s', async (_, answer, text, isReleased) => {
  for (const size of [1, 3, 64, 10_000]) {
    const got = await get(answer, size)
    expect(got).toMatchObject({ text, ...(isReleased ? { isReleased } : {}) })
    if (size === 10_000) expect(got.isReleased).toBe(isReleased)
    expect(got.isClosed()).toBe(!got.isReleased)
  }
})

test.each([
  ['speaks another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['is HTTP/2', 'HTTP/2 200\r\n\r\n'],
  ['switches protocols', 'HTTP/1.1 101 Switching\r\n\r\n'],
  ['has a line that is no header', `${OK}nonsense\r\n\r\n`],
  ['folds a header', `${OK}A: b\r\n c\r\n\r\n`],
  ['has two lengths', `${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nhi`],
  ['has a length that is no number', `${OK}Content-Length: -1\r\n\r\n`],
  ['has a chunk without a size', `${OK}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`],
  ['has a chunk that is too long', `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`],
  ['ends early', `${OK}Content-Length: 9\r\n\r\nhi`],
  ['ends within its head', 'HTTP/1.1 200 OK\r\nContent-'],
  ['has a line without end', `${OK}X: ${'y'.repeat(10_000)}`],
  ['has headers without end', OK + 'X: y\r\n'.repeat(300)],
])('an answer that %s is none', async (_, answer) => {
  const { connection, isClosed } = answering(answer)
  const request = latin1('x')
  const reading = exchange(connection, request, new AbortController().signal, () => {})
  const failure = await reading.then((r) => r.text()).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(Error)
  expect(isUnanswered(failure)).toBe(false)
  expect(isClosed()).toBe(true)
})

test('a connection that ends without a byte is told from one that answers badly', async () => {
  await expect(get('')).rejects.toSatisfy(isUnanswered)
})

test('chunks mean the same however they are cut', async () => {
  await assert(
    asyncProperty(
      uint8Array({ maxLength: 300 }),
      integer({ min: 1, max: 50 }),
      integer({ min: 1, max: 40 }),
      async (bytes, chunk, size) => {
        const body = Buffer.from(bytes).toString('latin1')
        const chunks = body.match(new RegExp(`[^]{1,${chunk}}`, 'g')) ?? []
        const coded = chunks.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')
        const { text } = await get(`${OK}Transfer-Encoding: chunked\r\n\r\n${coded}0\r\n\r\n`, size)
        expect(text).toBe(body)
      },
    ),
  )
})
