import { createHash, randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { failure } from './failure.ts'

/** A body on disk, not yet part of an object. */
export type Received = { file: string; size: number; md5: string }

/** What a request says about its body; a body that is not so is refused and leaves nothing. */
export type Promised = { sha256: string | null; contentMd5: string | undefined }

/**
 * Streams a body into a new file of the directory, a chunk at a time, and syncs it. A client that
 * goes away in the middle leaves nothing.
 */
export const receive = async (
  directory: string,
  request: IncomingMessage,
  promised: Promised,
): Promise<Received> => {
  const file = randomUUID()
  const path = join(directory, file)
  try {
    return { file, ...(await write(path, request, promised)) }
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

const write = async (path: string, request: IncomingMessage, promised: Promised) => {
  const md5 = createHash('md5')
  const sha256 = promised.sha256 === null ? null : createHash('sha256')
  const handle = await open(path, 'w', 0o600)
  let size = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      md5.update(chunk)
      sha256?.update(chunk)
      size += chunk.length
      await handle.write(chunk)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  if (sha256 && sha256.digest('hex') !== promised.sha256) {
    throw failure(400, 'XAmzContentSHA256Mismatch', 'The body is not what was signed.')
  }
  const digest = md5.digest()
  if (promised.contentMd5 !== undefined && promised.contentMd5 !== digest.toString('base64')) {
    throw failure(400, 'BadDigest', 'The Content-MD5 is not that of the body.')
  }
  return { size, md5: digest.toString('hex') }
}
