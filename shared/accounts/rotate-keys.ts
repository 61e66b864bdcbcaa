import { decrypt, encrypt } from '../crypto/encrypt.ts'
import type { Deps } from '../deps.ts'

type Need = Pick<Deps, 'env' | 'monotonic' | 'service' | 'log'>

/** Something encrypted with an older key, and what it is bound to. */
type Sealed = { place: string; id: string; envelope: string; aad: string }
type Replaced = Omit<Sealed, 'aad'> & { replacement: string }

/** Per ring, so that other duties get their turn; the tick rings again. */
const MOST_BATCHES = 5
/** How long an isolate remembers that nothing was to be done. */
const REMEMBERED_MS = 60_000

/**
 * A duty that announces the ring's first key, and then encrypts anew what older keys sealed, in
 * small batches. What somebody changed meanwhile is left as it is. Returns how much it replaced.
 */
export const createRotateKeys = (deps: Need) => {
  const keys = deps.env.ENCRYPTION_KEYS
  const known = [...keys.keys()]
  const [first = ''] = known
  let announcedAt = Number.NEGATIVE_INFINITY
  let isDue = false

  const replaceBatch = async (): Promise<{ replaced: number; left: number } | null> => {
    const args = { p_key_id: first, p_known_key_ids: known }
    const batch = await deps.service<Sealed[] | null>('claim_envelopes', args)
    if (batch === null) return null
    const envelopes = (await Promise.all(batch.map(renew))).filter((one) => one !== null)
    return deps.service('save_envelopes', { ...args, p_envelopes: envelopes })
  }

  const renew = async ({ place, id, envelope, aad }: Sealed): Promise<Replaced | null> => {
    try {
      const replacement = encrypt(keys, decrypt(keys, envelope, aad), aad)
      return { place, id, envelope, replacement }
    } catch (error) {
      deps.log({ level: 'error', message: 'secret not readable', place, id, error: String(error) })
      return null
    }
  }

  return async (): Promise<number> => {
    if (!isDue && deps.monotonic() - announcedAt > REMEMBERED_MS) {
      isDue = (await deps.service<{ is_due: boolean }>('announce_key', { p_key_id: first })).is_due
      announcedAt = deps.monotonic()
    }
    let total = 0
    for (let batches = 0; isDue && batches < MOST_BATCHES; batches += 1) {
      const done = await replaceBatch()
      total += done?.replaced ?? 0
      isDue = done !== null && done.left > 0 && done.replaced > 0
    }
    if (total > 0) deps.log({ message: 'secrets encrypted anew', key: first, total })
    return total
  }
}
