import { remoteMediaOf } from './database/media.ts'
import type { World } from './world.ts'

type Claimed = { media_id: string; account_id: string; lease_id: string }

/**
 * The function `media` as far as posts feel it: a picture X has forgotten is there again after a while, under
 * its old id, since content is told apart by it. How files get to X is not played.
 */
export const createUploader = (world: World, isOut: () => boolean) => {
  const { scheduler } = world
  const random = world.random.fork('uploads')
  const serve = (fn: string, args: Record<string, unknown>) =>
    world.call({ schema: 'service', fn, args, caller: { role: 'service_role' } })

  const finish = async (upload: Claimed): Promise<void> => {
    // Whoever cannot say so loses the lease, and the next one begins anew.
    if (isOut()) return
    const lease = {
      p_media_id: upload.media_id,
      p_account_id: upload.account_id,
      p_lease_id: upload.lease_id,
    }
    const [remote_id] = remoteMediaOf([upload.media_id])
    await serve('save_media_upload', {
      ...lease,
      p_progress: { remote_id, expires_at: 'infinity' },
    })
    await serve('settle_media_upload', { ...lease, p_ending: { state: 'ready' } })
  }

  /** Takes what is due, if anything is. */
  return async (): Promise<void> => {
    if (world.state().uploads.every(({ due }) => due > world.time())) return
    const answered = await serve('claim_media_uploads', { p_limit: 10 })
    const claimed = 'value' in answered ? (answered.value as Claimed[]) : []
    for (const upload of claimed) {
      const ms = world.isStormy() ? random.pick([300, 4_000, 20_000, 70_000]) : 300
      scheduler.after(ms, () => finish(upload))
    }
  }
}
