import { open } from 'node:fs/promises'

/** The text a file gained from byte `start` on; empty when it cannot be read. */
export const textFrom = async (file: string, start: number) => {
  const handle = await open(file, 'r').catch(() => undefined)
  if (!handle) return ''
  try {
    const { size } = await handle.stat()
    const length = Math.max(0, Math.min(size - start, 64_000))
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, start)
    return buffer.toString('utf8')
  } finally {
    await handle.close()
  }
}
