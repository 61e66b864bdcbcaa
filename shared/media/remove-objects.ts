import type { Deps } from '../deps.ts'
import { createObjectStore } from '../storage/object-store.ts'
import { retry } from '../worker/retry.ts'

type Need = Pick<
  Deps,
  'env' | 'fetch' | 'now' | 'deadline' | 'monotonic' | 'sleep' | 'service' | 'log'
>

const BATCH = 50

/** Removes files of deleted, rejected and never finished media. What fails is tried again later. */
export const removeObjects = async (deps: Need): Promise<void> => {
  const store = createObjectStore(deps)
  const remove = async (key: string): Promise<string[]> => {
    try {
      await store.remove(key)
      return [key]
    } catch (error) {
      deps.log({ level: 'warn', message: 'object not removed', key, error: String(error) })
      return []
    }
  }
  for (let claimed = BATCH; claimed === BATCH; ) {
    const keys = await deps.service<string[]>('claim_object_removals', { p_limit: BATCH })
    claimed = keys.length
    const removed = (await Promise.all(keys.map(remove))).flat()
    if (removed.length === 0) return
    const settle = () => deps.service('settle_object_removals', { p_keys: removed })
    await retry(deps, settle, { forMs: 20_000 })
  }
}
