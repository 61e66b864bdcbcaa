import type { Deps } from '../deps.ts'
import type { Bell } from '../worker/bell.ts'
import { mayTakeMore } from '../worker/life.ts'
import type { DeliveryResult } from './batches.ts'
import { type Attempt, claimAttempts } from './claim-attempts.ts'
import { createReporter } from './report-results.ts'
import { sendDelivery } from './send-delivery.ts'

type Need = Omit<Deps, 'background'>

/** Attempts one worker makes at a time: most of them wait for slow endpoints. */
const CAPACITY = 400
const SMALLEST_BATCH = 100
/** Measured on the embedded stack; see docs/architecture.md. */
const CPU_MS_PER_ATTEMPT = 0.5
/** A worker waits this long for what is about to be due, else it leaves that to the tick. */
const NEAR_MS = 1_000
/** And this long for news before it ends: a ring right after another one is not repeated. */
const LINGER_MS = 150
const UNTIL_RUNG = 60_000

/** What outlives one run: the isolate's age and CPU, and when to claim next. */
export type Deliverer = { startedAt: number; cpuMs: number; dueAt: number; bell: Bell }

/**
 * Claims and delivers until nothing is due and nothing is under way, or the isolate's life is half
 * over; then a successor is rung. Attempts never wait for each other.
 */
export const deliverDue = async (deps: Need, deliverer: Deliverer): Promise<void> => {
  const active = new Set<Promise<void>>()
  const start = starter(deps, deliverer, active)
  let first = true
  let lingered = false

  try {
    for (;;) {
      const canTake = first || isFresh(deps, deliverer)
      const dueInMs = deliverer.dueAt - deps.monotonic()
      const hasRoom = CAPACITY - active.size >= SMALLEST_BATCH
      if (canTake && hasRoom && dueInMs <= 0) {
        const { attempts, nextInMs } = await claimAttempts(deps, CAPACITY - active.size)
        deliverer.dueAt = deps.monotonic() + nextInMs
        first = false
        lingered &&= attempts.length === 0
        for (const attempt of attempts) start(attempt)
      } else if (active.size > 0 || (canTake && dueInMs <= NEAR_MS)) {
        await deliverer.bell.wait(canTake && hasRoom ? Math.min(dueInMs, UNTIL_RUNG) : UNTIL_RUNG)
      } else if (canTake && !lingered) {
        lingered = true
        deliverer.dueAt = deps.monotonic() + LINGER_MS
      } else {
        break
      }
    }
  } finally {
    await Promise.all(active)
  }
  await ringSuccessor(deps, deliverer)
}

const isFresh = (deps: Need, { startedAt, cpuMs }: Deliverer): boolean =>
  mayTakeMore({ ageMs: deps.monotonic() - startedAt, cpuMs })

const ringSuccessor = async (deps: Need, deliverer: Deliverer) => {
  const isDue = deliverer.dueAt <= deps.monotonic() + NEAR_MS
  if (isDue && !isFresh(deps, deliverer)) await deps.service('ring_deliver')
}

/** Starts an attempt and keeps it among the active ones until its result is settled. */
const starter = (deps: Need, deliverer: Deliverer, active: Set<Promise<void>>) => {
  const report = createReporter(deps)
  const deliver = async ({ recipient, delivery }: Attempt) => {
    const result = await sendDelivery(deps, recipient, delivery)
    deps.log({ level: 'info', message: 'delivery attempt', ...withoutResponse(result) })
    const nextInMs = await report(result)
    deliverer.dueAt = Math.min(deliverer.dueAt, deps.monotonic() + nextInMs)
  }
  return (attempt: Attempt) => {
    deliverer.cpuMs += CPU_MS_PER_ATTEMPT
    const work = deliver(attempt)
      .catch((error: unknown) =>
        deps.log({ level: 'error', message: 'delivery not settled', error: String(error) }),
      )
      .finally(() => {
        active.delete(work)
        deliverer.bell.ring()
      })
    active.add(work)
  }
}

/** Logs never hold what others answer. */
const withoutResponse = ({ response: _response, ...rest }: DeliveryResult) => rest
