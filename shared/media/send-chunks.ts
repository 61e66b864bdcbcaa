import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { retry } from '../worker/retry.ts'
import type { Spending } from './spending.ts'
import { type Ending, endingOf, type Upload } from './uploads.ts'

type Need = Pick<Deps, 'now' | 'monotonic' | 'sleep' | 'deadline' | 'service'>

export type Sending = {
  network: Pick<Network, 'media'>
  store: Pick<ObjectStore, 'read'>
  spending: Spending
  accessToken: string
}

const CHUNK_TIMEOUT_MS = 30_000
/** Two chunk timeouts and the calls between them. */
export const LEASE = '90 seconds'

const replaced = {
  slug: 'media-replaced',
  detail: 'The file was replaced after it was checked.',
  who: 'author',
  remedy: 'Upload it as a new medium and show that one.',
}

/** Saves how far an upload is; false when another worker has taken it over. */
export const saveProgress = async (
  deps: Pick<Deps, 'monotonic' | 'sleep' | 'service'>,
  upload: Upload,
  progress: { remote_id?: string; expires_at?: string; next_chunk?: number },
): Promise<boolean> => {
  const args = {
    p_media_id: upload.media_id,
    p_account_id: upload.account_id,
    p_lease_id: upload.lease_id,
    p_progress: progress,
    p_lease: LEASE,
  }
  const call = () => deps.service<{ kept: boolean }>('save_media_upload', args)
  return (await retry(deps, call, { forMs: 10_000 })).kept
}

/**
 * Carries the chunks the network does not have yet from storage to the network, in the same two pieces
 * of memory: the next is read while one is sent. Resolves with 'all', 'lost' (another worker goes on), or
 * how to leave the upload.
 */
export const sendChunks = async (
  deps: Need,
  { network, store, spending, accessToken }: Sending,
  upload: Upload,
  remoteId: string,
): Promise<'all' | 'lost' | Ending> => {
  const size = network.media.chunkBytes
  const chunks = Math.ceil(upload.bytes / size)
  const read = (index: number, memory = new ArrayBuffer(Math.min(size, upload.bytes))) => {
    const end = Math.min((index + 1) * size, upload.bytes) - 1
    return store.read(upload.object_key, { start: index * size, end }, memory)
  }
  let next: ReturnType<typeof read> | null = null
  let spare: ArrayBuffer | undefined
  for (let index = upload.next_chunk; index < chunks; index += 1) {
    const { bytes, etag } = await (next ?? read(index))
    next = null
    if (etag !== upload.etag) return { failed: replaced }
    if (!spending.mayGoOn()) return {}
    spending.carry(bytes.length)
    if (index + 1 < chunks) {
      next = read(index + 1, spare)
      next.catch(() => {})
    }
    const chunk = { remoteId, index, bytes }
    const options = { signal: deps.deadline(CHUNK_TIMEOUT_MS) }
    const answer = await network.media.append(accessToken, chunk, options)
    if (answer.kind !== 'appended')
      return endingOf(answer, upload, upload.remote_id !== null, deps.now())
    spare = bytes.buffer as ArrayBuffer
    if (!(await saveProgress(deps, upload, { next_chunk: index + 1 }))) return 'lost'
  }
  return 'all'
}
