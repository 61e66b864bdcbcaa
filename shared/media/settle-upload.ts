import type { Deps } from '../deps.ts'
import { problems } from '../http/problems.ts'
import type { Issue } from '../networks/network.ts'
import type { NetworkRules } from '../networks/rules-of.ts'
import { createObjectStore, type ObjectStore } from '../storage/object-store.ts'
import type { FileFacts } from './formats/facts.ts'
import { readFile } from './formats/read-file.ts'
import { type MediaRow, networkKind, objectKey } from './media.ts'

/** What looking into object storage takes. */
export type Settling = Pick<Deps, 'env' | 'fetch' | 'now' | 'deadline' | 'service'>

const unreadable = (): Issue => ({
  slug: 'media-unreadable',
  detail: 'The file is none of JPEG, PNG, WebP, GIF, MP4 or QuickTime, or it is broken.',
  remedy: 'Upload it again as one of them.',
})

const otherType = (declared: string, found: string): Issue => ({
  slug: 'media-type-mismatch',
  detail: `The file was declared as ${declared} and is ${found}.`,
  remedy: `Upload it again with the content type ${found}.`,
})

/** MP4 and QuickTime are one format with two names. */
const isSameType = (a: string, b: string) =>
  a === b || (a.startsWith('video/') && b.startsWith('video/'))

const faultOf = (
  media: MediaRow,
  facts: FileFacts | null,
  bytes: number,
  rules: Pick<NetworkRules, 'media'>,
): Issue | undefined => {
  if (!facts) return unreadable()
  if (!isSameType(media.content_type, facts.contentType)) {
    return otherType(media.content_type, facts.contentType)
  }
  return rules.media.checkFile({ ...facts, kind: networkKind(facts.kind), bytes })[0]
}

/** What fails in storage has changed nothing: callers, and who repeats a request for them, may try again. */
const orUnavailable = <T>(answer: Promise<T>): Promise<T> =>
  answer.catch((error: unknown) => {
    throw problems.storageUnavailable(error)
  })

const read = (store: ObjectStore, key: string, bytes: number) =>
  readFile(
    async (start, end) => (await orUnavailable(store.read(key, { start, end }))).bytes,
    bytes,
  )

/**
 * Looks whether the file of a medium that is `uploading` has come, reads what it is, and records that
 * it is ready or why it is rejected. Clients need no call to say "done". Others are returned as is.
 * Throws 503 when storage does not answer.
 */
export const settleUpload = async (
  deps: Settling,
  rules: Pick<NetworkRules, 'media'>,
  media: MediaRow,
): Promise<MediaRow> => {
  if (media.status !== 'uploading') return media
  const store = createObjectStore(deps)
  const key = objectKey(media)
  const head = await orUnavailable(store.head(key))
  if (!head) return media
  const facts = await read(store, key, head.bytes)
  const fault = faultOf(media, facts, head.bytes, rules)
  const findings =
    fault || !facts
      ? { rejection: fault }
      : {
          etag: head.etag,
          bytes: head.bytes,
          content_type: facts.contentType,
          kind: facts.kind,
          width: facts.width,
          height: facts.height,
          duration_ms: facts.durationMs,
        }
  return deps.service<MediaRow>('record_media', { p_media_id: media.id, p_findings: findings })
}
