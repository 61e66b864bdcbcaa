import type { Deps } from '../deps.ts'
import type { Bell } from '../worker/bell.ts'
import { mayTakeMore } from '../worker/life.ts'
import type { DeliveryResult } from './batches.ts'
import { type Attempt, attemptsOf, claimAttempts } from './claim-attempts.ts'
import type { Pulse } from './pulse.ts'
import { createReporter } from './report-results.ts'
import { type Active, quickAmong, roomBeside } from './room.ts'
import { sendDelivery } from './send-delivery.ts'

const SMALLEST_BATCH = 100
/** Measured on the embedded stack; see docs/architecture.md. */
const CPU_MS_PER_ATTEMPT = 0.5
/** A worker waits this long for what is about to be due, else it leaves that to the tick. */
const NEAR_MS = 1_000
/** And this long for news before it ends: a ring right after another one is not repeated. */
const LINGER_MS = 150
const LONGEST_WAIT_MS = 60_000
/** Room comes with time too, when attempts turn out to be slow. */
const ROOM_CHECK_MS = 250

/** An isolate over all its runs: its age and CPU, what it has under way, when it claims next. */
export type Deliverer = {
  id: string
  pulse: Pulse
  startedAt: number
  cpuMs: number
  active: Active
  dueAt: number
  bell: Bell
}

/**
 * Claims and delivers until nothing is due and nothing is under way. Attempts never wait for each
 * other. Once half of the isolate's life is over it takes no more, rings a successor as soon as
 * something is due, and leaves slow attempts to the background.
 */
export const deliverDue = async (deps: Deps, deliverer: Deliverer): Promise<void> => {
  const start = starter(deps, deliverer)
  let first = true
  let lingered = false

  for (;;) {
    const canTake = (first && !deps.ending.aborted) || isFresh(deps, deliverer)
    const dueInMs = deliverer.dueAt - deps.monotonic()
    const room = roomBeside(deliverer.active, deps.monotonic())
    if (canTake && room >= SMALLEST_BATCH && dueInMs <= 0) {
      first = false
      const { attempts, nextInMs } = await claimAttempts(deps, deliverer.id, room)
      deliverer.dueAt = deps.monotonic() + nextInMs
      lingered &&= attempts.length === 0
      for (const attempt of attempts) start(attempt)
    } else if (canTake && !lingered && deliverer.active.size === 0 && dueInMs > NEAR_MS) {
      lingered = true
      deliverer.dueAt = deps.monotonic() + LINGER_MS
    } else if (canTake ? isIdle(deliverer, dueInMs) : hasStopped(deps, deliverer, dueInMs)) {
      break
    } else {
      const awaitsRoom = !canTake || room < SMALLEST_BATCH
      await deliverer.bell.wait(awaitsRoom ? ROOM_CHECK_MS : Math.min(dueInMs, LONGEST_WAIT_MS))
    }
  }
  if (!isFresh(deps, deliverer) && isNear(deliverer.dueAt - deps.monotonic())) {
    await deps.service('ring_deliver')
  }
}

const isNear = (dueInMs: number) => dueInMs <= NEAR_MS

const isFresh = (deps: Deps, { startedAt, cpuMs }: Deliverer) =>
  mayTakeMore({
    ageMs: deps.monotonic() - startedAt,
    cpuMs,
    isEnding: deps.ending.aborted,
  })

const isIdle = ({ active }: Deliverer, dueInMs: number) => active.size === 0 && !isNear(dueInMs)

const hasStopped = (deps: Deps, { active }: Deliverer, dueInMs: number) =>
  isNear(dueInMs) || quickAmong(active, deps.monotonic()) === 0

/** Starts an attempt and keeps it among the active ones until its result is settled. */
const starter = (deps: Deps, deliverer: Deliverer) => {
  const report = createReporter(deps, {
    workerId: deliverer.id,
    room: (settling) =>
      isFresh(deps, deliverer) ? roomBeside(deliverer.active, deps.monotonic()) + settling : 0,
    begin: (claimed) => {
      for (const attempt of attemptsOf(deps, claimed)) start(attempt)
    },
  })
  const deliver = async ({ recipient, delivery }: Attempt) => {
    const result = await sendDelivery(deps, recipient, delivery)
    deps.log({ level: 'info', message: 'delivery attempt', ...withoutResponse(result) })
    const nextInMs = await report(result)
    deliverer.dueAt = Math.min(deliverer.dueAt, deps.monotonic() + nextInMs)
  }
  const start = (attempt: Attempt) => {
    deliverer.cpuMs += CPU_MS_PER_ATTEMPT
    deliverer.pulse.begin()
    const work = deliver(attempt).finally(() => {
      deliverer.active.delete(work)
      if (deliverer.active.size === 0) deliverer.pulse.end()
      deliverer.bell.ring()
    })
    deliverer.active.set(work, deps.monotonic())
    deps.background(work)
  }
  return start
}

/** Logs never hold what others answer. */
const withoutResponse = ({ response: _response, ...rest }: DeliveryResult) => rest
