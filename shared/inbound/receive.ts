import type { Deps } from '../deps.ts'
import { createBatcher } from '../worker/batcher.ts'
import type { Arrival } from './receipt.ts'

/**
 * Stores events; each call resolves once its event is committed, or rejects when it is not. Events
 * that come at the same time share a call. One that came before is stored already.
 */
export const createReceiver = (deps: Pick<Deps, 'service' | 'sleep'>) =>
  createBatcher<Arrival, void>({
    run: async (arrivals) => {
      await deps.service('receive_inbound', { p_receipts: arrivals })
      return arrivals.map(() => undefined)
    },
    lingerMs: 0,
    maxItems: 100,
    maxRunning: 2,
    sleep: deps.sleep,
  })
