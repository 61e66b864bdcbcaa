import type { Deps } from '../deps.ts'
import type { Answered, MediaState } from '../networks/network.ts'
import type { Failure } from '../networks/outcome.ts'
import { networkKind } from './media.ts'
import { type Sending, saveProgress, sendChunks } from './send-chunks.ts'
import { type Ending, endingOf, type Upload } from './uploads.ts'

type Need = Pick<Deps, 'now' | 'monotonic' | 'sleep' | 'deadline' | 'service'>

const CALL_TIMEOUT_MS = 30_000

const timestamp = (time: Date | null) => (time ? { expires_at: time.toISOString() } : {})

/** The id the upload has on the network; a new one when it has none yet. */
const begin = async (
  deps: Need,
  { network, accessToken }: Sending,
  upload: Upload,
): Promise<string | 'lost' | Ending> => {
  if (upload.remote_id !== null) return upload.remote_id
  const { content_type: contentType, bytes } = upload
  const file = { kind: networkKind(upload.kind), contentType, bytes }
  const options = { signal: deps.deadline(CALL_TIMEOUT_MS) }
  const begun = await network.media.begin(accessToken, file, options)
  if (begun.kind !== 'begun') return endingOf(begun, upload, false, deps.now())
  const progress = { remote_id: begun.remoteId, ...timestamp(begun.expiresAt), next_chunk: 0 }
  return (await saveProgress(deps, upload, progress)) ? begun.remoteId : 'lost'
}

/** Describes a file the network can use; videos have no description there. */
const complete = async (
  deps: Need,
  { network, accessToken }: Sending,
  upload: Upload,
  remoteId: string,
  expiresAt: Date | null,
): Promise<Ending> => {
  const options = { signal: deps.deadline(CALL_TIMEOUT_MS) }
  if (upload.alt_text !== null && upload.kind !== 'video') {
    const text = upload.alt_text
    const described = await network.media.describe(accessToken, remoteId, text, options)
    if (described.kind !== 'described') return endingOf(described, upload, false, deps.now())
  }
  return { state: 'ready', ...timestamp(expiresAt) }
}

const follow = async (
  deps: Need,
  sending: Sending,
  upload: Upload,
  remoteId: string,
  answer: Answered<MediaState | Failure>,
): Promise<Ending> => {
  if (answer.kind === 'usable') return complete(deps, sending, upload, remoteId, answer.expiresAt)
  if (answer.kind === 'processing') {
    const { checkAfterMs: after_ms, expiresAt } = answer
    return { state: 'processing', after_ms, ...timestamp(expiresAt) }
  }
  return endingOf(answer, upload, upload.remote_id !== null, deps.now())
}

/**
 * Takes an upload as far as it goes without waiting: a network that processes the file is asked again
 * later, by whoever is rung then. Resolves with how to leave it, or 'lost' when another worker has it.
 */
export const workOnUpload = async (
  deps: Need,
  sending: Sending,
  upload: Upload,
): Promise<Ending | 'lost'> => {
  const { media } = sending.network
  if (upload.state === 'processing' && upload.remote_id !== null) {
    const options = { signal: deps.deadline(CALL_TIMEOUT_MS) }
    const answer = await media.state(sending.accessToken, upload.remote_id, options)
    return follow(deps, sending, upload, upload.remote_id, answer)
  }
  const remoteId = await begin(deps, sending, upload)
  if (typeof remoteId !== 'string' || remoteId === 'lost') return remoteId as Ending | 'lost'
  const sent = await sendChunks(deps, sending, upload, remoteId)
  if (sent !== 'all') return sent
  const options = { signal: deps.deadline(CALL_TIMEOUT_MS) }
  const answer = await media.finish(sending.accessToken, remoteId, options)
  return follow(deps, sending, upload, remoteId, answer)
}
