import type { Endpoint, Errand } from '../database/delivery-rows.ts'
import type { Snapshot } from '../database/snapshot.ts'
import type { Receipts } from '../receivers/receipts.ts'
import type { Step } from '../world.ts'
import { indexDeliveries } from './index-rows.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
/** After the first failure, the second, … as docs/architecture.md promises, give or take a tenth. */
const LADDER = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
]
const GRAIN_MS = 2

const capacityOf = ({ most, failures }: Endpoint) => (failures >= 5 ? Math.min(most, 2) : most)

const underWay = (state: Snapshot, endpoint: string, now: number): Errand[] =>
  state.errands.filter((each) => each.endpoint === endpoint && each.claim && each.run > now)

/** Attempts a step handed out for the first time: due, to endpoints that take them and have room. */
export const handedOutInTime = ({ before, after, nowMs }: Step, fresh: string[]): string[] => {
  const was = indexDeliveries(before)
  const is = indexDeliveries(after)
  return fresh.flatMap((delivery) => {
    const errand = is.errands.get(delivery)
    const endpoint = is.endpoints.get(errand?.endpoint ?? '')
    const old = was.errands.get(delivery)
    const checks: [boolean, string][] = [
      [endpoint?.enabled === true, 'its endpoint was disabled or deleted'],
      [(old?.run ?? nowMs) <= nowMs, 'it was not due, or somebody else had it'],
      [
        (is.hooks.get(errand?.endpoint ?? '')?.blocked ?? 0) <= nowMs,
        'its endpoint wanted to be left alone',
      ],
      [
        !endpoint || underWay(after, endpoint.id, nowMs).length <= capacityOf(endpoint),
        'its endpoint had enough under way',
      ],
    ]
    return checks
      .filter(([holds]) => !holds)
      .map(([, why]) => `delivery ${delivery} was handed out: ${why}`)
  })
}

/** A failed attempt waits as long as the ladder says, or as its receiver asked if that is longer. */
export const waitsAsPromised = ({ before, after, nowMs }: Step, receipts: Receipts): string[] => {
  const was = indexDeliveries(before)
  const { hooks } = indexDeliveries(after)
  return after.errands.flatMap(({ delivery, endpoint, failures, run }) => {
    const old = was.errands.get(delivery)
    if (!old || failures !== old.failures + 1) return []
    const heard = receipts.of(delivery).find(({ number }) => number === old.number)?.heard
    if (heard === undefined) return [`delivery ${delivery} failed while it was under way`]
    const asked = heard?.kind === 'answers' ? (heard.retryAfterMs ?? 0) : 0
    const isRest = heard?.kind === 'answers' && [429, 503].includes(heard.status)
    const step = LADDER[failures - 1] ?? Number.NaN
    const wait = run - nowMs
    const isKept =
      wait >= Math.max(step * 0.9, asked) - GRAIN_MS &&
      wait <= Math.max(step * 1.1, asked) + GRAIN_MS
    const rests = !isRest || (hooks.get(endpoint)?.blocked ?? 0) >= nowMs + asked - GRAIN_MS
    return [
      ...(isKept ? [] : [`delivery ${delivery} waits ${wait} ms after failure ${failures}`]),
      ...(rests || asked === 0 ? [] : [`endpoint ${endpoint} is not left alone for ${asked} ms`]),
    ]
  })
}

/** After every step: an endpoint that may be sent something comes up when that is due. */
export const hooksComeUp = (state: Snapshot, now: number): string[] => {
  const { endpoints } = indexDeliveries(state)
  return state.hooks.flatMap(({ endpoint: id, ready, blocked, paced }) => {
    const endpoint = endpoints.get(id)
    const own = state.errands.filter((each) => each.endpoint === id)
    if (!endpoint?.enabled || own.length === 0) return []
    const held = underWay(state, id, now)
    const waited = held.length < capacityOf(endpoint) ? own : held
    const due = Math.max(blocked, paced, Math.min(...waited.map(({ run }) => run)))
    return ready <= Math.max(due, now) + GRAIN_MS
      ? []
      : [`endpoint ${id} sleeps until ${ready}, it is due at ${due}`]
  })
}

/** Once all is quiet: whatever waits has its time before it, and nothing is held. */
export const deliveriesWaitForATime = (state: Snapshot, now: number): string[] => {
  const { hooks, endpoints } = indexDeliveries(state)
  const told = Object.values(state.events).flatMap((types) => Object.values(types))
  const total = told.reduce((sum, times) => sum + times, 0)
  return [
    ...state.errands
      .filter(({ endpoint, run, claim }) => {
        const blocked = hooks.get(endpoint)?.blocked ?? 0
        return claim !== null || Math.max(run, blocked) <= now || !endpoints.get(endpoint)?.enabled
      })
      .map(({ delivery, endpoint }) => `delivery ${delivery} is left waiting for ${endpoint}`),
    ...(state.stamped.length === total ? [] : ['an event has no position']),
  ]
}
