import type { Deps } from '../deps.ts'
import type { Bell } from '../worker/bell.ts'
import { mayTakeMore } from '../worker/life.ts'
import { leaseOf, type Receipt } from './receipt.ts'

/** Processes one event and ends its lease. What it throws is tried again later. */
export type Handle = (receipt: Receipt) => Promise<unknown>

type Claim = { receipts: Receipt[]; next_in_ms: number | null }

const BATCH = 100
/** Events gather for so long before they are taken, since most of them come in crowds. */
const GATHER_MS = 50
/** Waited for here rather than left to the tick: events that came a moment too early. */
const PATIENCE_MS = 10_000
/** A worker does not wait for ever on events that come too early again and again. */
const LONGEST_MS = 60_000
/** Of processing one event; receiving costs the isolate besides. bench:deliver saw 1.2 for both. */
const CPU_MS_PER_EVENT = 0.8

/** Over all its runs: what Edge Runtime does not tell an isolate. */
export type Reader = { startedAt: number; cpuMs: number }

/**
 * Takes events until none is due soon; `bell` cuts short the wait for one. An isolate that has spent half
 * of its CPU, or whose end is announced, rings another for the rest of a crowd. Returns how many it took.
 */
export const processReceipts = async (
  deps: Pick<Deps, 'service' | 'monotonic' | 'sleep' | 'ending' | 'log'>,
  reader: Reader,
  bell: Pick<Bell, 'wait'>,
  handlers: Record<Receipt['provider'], Handle>,
): Promise<number> => {
  const startedAt = deps.monotonic()
  let taken = 0
  for (let isCrowd = false; ; ) {
    if (!isCrowd) await deps.sleep(GATHER_MS)
    const claim = await deps.service<Claim>('claim_inbound', { p_limit: BATCH })
    await Promise.all(claim.receipts.map((receipt) => processOne(deps, handlers, receipt)))
    taken += claim.receipts.length
    reader.cpuMs += claim.receipts.length * CPU_MS_PER_EVENT
    isCrowd = claim.receipts.length === BATCH
    if (isCrowd) {
      const ageMs = deps.monotonic() - reader.startedAt
      if (mayTakeMore({ ageMs, cpuMs: reader.cpuMs, isEnding: deps.ending.aborted })) continue
      await deps.service('ring_inbound')
      return taken
    }
    const wait = claim.next_in_ms
    const isPatient = wait !== null && wait <= PATIENCE_MS && !deps.ending.aborted
    if (!isPatient || deps.monotonic() - startedAt > LONGEST_MS) return taken
    await bell.wait(wait)
  }
}

const processOne = async (
  deps: Pick<Deps, 'service' | 'log'>,
  handlers: Record<Receipt['provider'], Handle>,
  receipt: Receipt,
): Promise<void> => {
  const { receipt_id, provider, type } = receipt
  try {
    await handlers[provider](receipt)
    deps.log({ message: 'inbound event processed', receipt_id, provider, type })
  } catch (error) {
    deps.log({ level: 'error', message: 'inbound event failed', receipt_id, error: String(error) })
    await deps.service('postpone_inbound', { ...leaseOf(receipt), p_error: String(error) })
  }
}
