import type { ByteReader } from './byte-reader.ts'

const LONGEST_LINE = 8_192
const MOST_HEADERS = 200

/** How long a body is: so many bytes, in chunks, or until the connection ends. */
export type Framing = { kind: 'bytes'; length: number } | { kind: 'chunked' } | { kind: 'end' }

export type ResponseHead = {
  status: number
  headers: Headers
  framing: Framing
  /** Whether another request may follow on the connection. */
  isKept: boolean
}

/** Reads the head of an HTTP/1.1 response (RFC 9112), past interim ones; throws when it is none. */
export const readHead = async (reader: ByteReader): Promise<ResponseHead> => {
  for (;;) {
    const line = await reader.line(LONGEST_LINE)
    const match = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(line)
    if (!match) throw new Error('The answer is not HTTP/1.1')
    const [status, headers] = [Number(match[2]), await readHeaders(reader)]
    if (status === 101) throw new Error('The answer speaks another protocol')
    if (status < 200) continue
    const isKept = match[1] === '1' && !/\bclose\b/i.test(headers.get('connection') ?? '')
    return { status, headers, framing: framingOf(status, headers), isKept }
  }
}

const readHeaders = async (reader: ByteReader): Promise<Headers> => {
  const headers = new Headers()
  for (let count = 0; count <= MOST_HEADERS; count += 1) {
    const line = await reader.line(LONGEST_LINE)
    if (line === '') return headers
    const [, name = '', value = ''] = /^([^:]+):(.*)$/.exec(line) ?? []
    // Throws unless the name is one: no spaces, no continuation lines.
    headers.append(name, value.trim())
  }
  throw new Error('The answer has too many headers')
}

const framingOf = (status: number, headers: Headers): Framing => {
  if (status === 204 || status === 205 || status === 304) return { kind: 'bytes', length: 0 }
  const encoding = headers.get('transfer-encoding')
  if (encoding !== null) return /(^|,)\s*chunked$/i.test(encoding) ? { kind: 'chunked' } : endless
  const lengths = new Set(headers.get('content-length')?.split(/\s*,\s*/))
  const [length] = lengths
  if (length === undefined) return endless
  if (lengths.size > 1 || !/^\d{1,15}$/.test(length)) {
    throw new Error('The answer does not say how long it is')
  }
  return { kind: 'bytes', length: Number(length) }
}

const endless: Framing = { kind: 'end' }
