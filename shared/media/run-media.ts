import { accessToken } from '../accounts/access-token.ts'
import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import { createObjectStore, type ObjectStore } from '../storage/object-store.ts'
import { createCrew } from '../worker/crew.ts'
import { retry } from '../worker/retry.ts'
import { LEASE } from './send-chunks.ts'
import type { Spending } from './spending.ts'
import type { Ending, Upload } from './uploads.ts'
import { workOnUpload } from './work-on-upload.ts'

type Need = Pick<
  Deps,
  | 'env'
  | 'fetch'
  | 'now'
  | 'monotonic'
  | 'sleep'
  | 'ending'
  | 'deadline'
  | 'randomUUID'
  | 'service'
  | 'log'
>
type Uploader = Pick<Network, 'media' | 'refresh'>

/** Uploads at a time: of small files, which wait for answers most of the time. */
const MOST_AT_ONCE = 16
/** Of each file two chunks are in memory at most, and memory is what an isolate has least of. */
const LARGE_FILES_AT_ONCE = 3
/** While uploads are under way, a picture that is due now is noticed this soon. */
const POLL_MS = 1_000

const broken = (error: unknown) => ({
  slug: 'media-upload-broke',
  detail: error instanceof Error ? error.message : String(error),
  who: 'provider',
  remedy: 'Nothing to do: it is uploaded again.',
})

/** A 401 is believed after the token was refreshed once. */
const work = async (
  deps: Need,
  network: Uploader,
  store: ObjectStore,
  spending: Spending,
  upload: Upload,
): Promise<Ending | 'lost'> => {
  const token = await accessToken(deps, network, upload)
  if (token.kind !== 'token') return { later: { ...broken(token.detail), slug: 'token-unusable' } }
  const sending = { network, store, spending, accessToken: token.accessToken }
  const ending = await workOnUpload(deps, sending, upload)
  const isRefused = ending !== 'lost' && 'later' in ending && ending.later?.slug === 'token-refused'
  if (isRefused) await accessToken(deps, network, token.holder, true)
  return ending
}

const runUpload = async (
  deps: Need,
  network: Uploader,
  store: ObjectStore,
  spending: Spending,
  upload: Upload,
): Promise<void> => {
  const { media_id, account_id, lease_id } = upload
  const ending = await work(deps, network, store, spending, upload).catch(
    (error: unknown): Ending => ({ later: broken(error) }),
  )
  const outcome = ending === 'lost' ? 'lost' : (Object.keys(ending)[0] ?? 'to be continued')
  deps.log({ level: 'info', message: 'media upload', media_id, account_id, outcome })
  if (ending === 'lost') return
  const args = {
    p_media_id: media_id,
    p_account_id: account_id,
    p_lease_id: lease_id,
    p_ending: ending,
  }
  const settle = () => deps.service('settle_media_upload', args)
  await retry(deps, settle, { forMs: 20_000 }).catch((error: unknown) =>
    deps.log({ level: 'error', message: 'upload not settled', media_id, error: String(error) }),
  )
}

/** Who is at work, and how many bytes of files they may hold. */
const createUploaders = (chunkBytes: number) => {
  const crew = createCrew()
  const most = 2 * chunkBytes
  let room = LARGE_FILES_AT_ONCE * most
  return {
    crew,
    /** What there is room for besides, as the database is asked for it. */
    room: () => ({ p_limit: MOST_AT_ONCE - crew.size(), p_room: room, p_most: most }),
    start: ({ bytes }: Upload, run: () => Promise<void>): void => {
      const held = Math.min(bytes, most)
      room -= held
      const done = run().then(() => {
        room += held
      })
      crew.add(done)
    },
  }
}

/**
 * Brings media that are due to the network until nothing is due, or the isolate's life is half over:
 * then each upload is left where it is, and the successor rung goes on at the first missing chunk.
 */
export const runMedia = async (
  deps: Need,
  network: Uploader,
  spending: Spending,
): Promise<void> => {
  const store = createObjectStore(deps)
  const { crew, room, start } = createUploaders(network.media.chunkBytes)
  spending.startRun()
  while (spending.mayGoOn()) {
    const args = { ...room(), p_lease: LEASE }
    const uploads =
      args.p_limit > 0 ? await deps.service<Upload[]>('claim_media_uploads', args) : []
    for (const upload of uploads) {
      start(upload, () => runUpload(deps, network, store, spending, upload))
    }
    if (crew.size() === 0) return
    // Whoever is done makes room for the next.
    await Promise.race([crew.below(crew.size()), deps.sleep(POLL_MS)])
  }
  await crew.below(1)
  await deps.service('ring_media')
}
