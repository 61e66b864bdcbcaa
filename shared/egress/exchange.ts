import type { Bytes } from '../crypto/bytes.ts'
import { createByteReader } from './byte-reader.ts'
import type { Connection } from './connection.ts'
import { readBody } from './response-body.ts'
import { readHead } from './response-head.ts'

/** Thrown when a connection ended before a byte of the answer came. */
export const isUnanswered = (error: unknown) => error instanceof Error && error.name === UNANSWERED
const UNANSWERED = 'Unanswered'

/**
 * Sends one request and resolves with the head of its answer; the body is read as it is asked for.
 * `release` gets the connection back once the whole answer was read and another may follow. In
 * every other case, the signal's abort included, the connection is closed.
 */
export const exchange = async (
  connection: Connection,
  request: Uint8Array,
  signal: AbortSignal,
  release: () => void,
): Promise<Response> => {
  const reader = createByteReader(connection)
  const { end, fail } = hold(connection, signal, release)
  try {
    signal.throwIfAborted()
    // An answer may come, and be all there is, before the request was read.
    let isSent = false
    writeAll(connection, request).then(
      () => {
        isSent = true
      },
      () => {},
    )
    const { status, headers, framing, isKept } = await readHead(reader)
    const finish = () => end(isKept && isSent && framing.kind !== 'end' && !reader.hasMore())
    if (framing.kind === 'bytes' && framing.length === 0) {
      finish()
      return new Response(null, { status, headers })
    }
    const pieces = readBody(reader, framing)
    const body = streamOf(pieces, { finish, cancel: () => end(false), fail })
    return new Response(body, { status, headers })
  } catch (error) {
    const failure = fail(error)
    if (signal.aborted || reader.hasReceived()) throw failure
    throw Object.assign(new Error('The connection ended without an answer'), { name: UNANSWERED })
  }
}

/** Closes the connection when the signal aborts, until the exchange has ended. */
const hold = (connection: Connection, signal: AbortSignal, release: () => void) => {
  const abort = () => connection.close()
  signal.addEventListener('abort', abort, { once: true })
  const end = (isKept: boolean) => {
    signal.removeEventListener('abort', abort)
    if (isKept) release()
    else connection.close()
  }
  const fail = (error: unknown): unknown => {
    end(false)
    return signal.aborted ? signal.reason : error
  }
  return { end, fail }
}

const writeAll = async (connection: Connection, bytes: Uint8Array) => {
  for (let sent = 0; sent < bytes.length; ) sent += await connection.write(bytes.subarray(sent))
}

type Ends = { finish(): void; cancel(): void; fail(error: unknown): unknown }

const streamOf = (pieces: ReturnType<typeof readBody>, { finish, cancel, fail }: Ends) =>
  new ReadableStream<Bytes>(
    {
      async pull(controller) {
        try {
          const { done, value } = await pieces.next()
          if (!done) return controller.enqueue(value)
          finish()
          controller.close()
        } catch (error) {
          controller.error(fail(error))
        }
      },
      cancel,
    },
    { highWaterMark: 0 },
  )
