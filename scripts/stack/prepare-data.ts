import { access, constants, mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Closing } from './closing.ts'
import { lockData } from './data-lock.ts'
import { eraseData } from './erase-data.ts'
import { fault } from './fault.ts'
import { loadKeys } from './keys.ts'
import { choosePorts } from './ports.ts'

/**
 * Makes the data directory ours (locked, writable, erased when asked to) and settles keys and ports.
 * Throws a fault when another stack runs on it or a port is taken; then nothing was erased.
 */
export const prepareData = async (
  options: { data: string; port?: number; fresh?: boolean },
  closing: Closing,
) => {
  const data = resolve(options.data)
  await requireWritable(data)
  closing.add(await lockData(data))
  // One left by a stack that was killed would lead its readers nowhere.
  await rm(join(data, 'state.json'), { force: true })
  const ports = await choosePorts(options.port ?? 54321)
  if (options.fresh) await eraseData(data)
  return { data, ports, keys: await loadKeys(data) }
}

const requireWritable = async (data: string) => {
  try {
    await mkdir(data, { recursive: true })
    await access(data, constants.W_OK)
  } catch (cause) {
    throw fault(
      `The data directory cannot be written: ${(cause as Error).message}`,
      'Start as the user it belongs to, or keep the data elsewhere: npm start -- --data <folder>',
      cause,
    )
  }
}
