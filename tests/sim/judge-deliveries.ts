import { handedOutInTime, hooksComeUp, waitsAsPromised } from './invariants/attempts-keep-time.ts'
import {
  deliveriesAreWanted,
  endsAreDeserved,
  eventsAreSent,
  waitingIsQueued,
} from './invariants/deliveries-agree.ts'
import { indexDeliveries } from './invariants/index-rows.ts'
import type { Receipts } from './receivers/receipts.ts'
import type { Step } from './world.ts'

type Handed = {
  endpoints?: { id: string; url: string }[]
  deliveries?: { id: string; endpoint_id: string; number: number; event: { id: string } }[]
}

const HANDS_OUT = new Set(['claim_deliveries', 'settle_deliveries'])

/** Keeps note of what a step handed to a worker. Returns the deliveries of attempts nobody had before. */
const noteHandedOut = ({ call, value, after, nowMs }: Step, receipts: Receipts): string[] => {
  const { endpoints = [], deliveries = [] } = HANDS_OUT.has(call) ? (value as Handed) : {}
  const urls = new Map(endpoints.map(({ id, url }) => [id, url]))
  const states = indexDeliveries(after).endpoints
  return deliveries.flatMap(({ id, endpoint_id: endpoint, number, event }) => {
    const url = urls.get(endpoint)
    if (url === undefined) return []
    const valid = states.get(endpoint)?.secrets.filter(({ expires }) => expires > nowMs) ?? []
    const attempt = { delivery: id, endpoint, event: event.id, number }
    const sealed = valid.map(({ sealed }) => sealed)
    return receipts.handOut(attempt, url, sealed) ? [id] : []
  })
}

/** A worker that asks again hears of what has changed meanwhile, too. */
const noneToTheDisabled = ({ call, value, after }: Step): string[] => {
  const { endpoints = [] } = HANDS_OUT.has(call) ? (value as Handed) : {}
  const states = indexDeliveries(after).endpoints
  return endpoints
    .filter(({ id }) => !states.get(id)?.enabled)
    .map(({ id }) => `endpoint ${id} is handed to a worker though it is disabled or deleted`)
}

/** A claim that takes something new, or finds nothing, has taken whatever may be taken. */
const claimsTakeWhatIsDue = ({ call, value, after, nowMs }: Step, fresh: string[]): string[] => {
  if (call !== 'claim_deliveries') return []
  const { deliveries = [] } = value as Handed
  if (fresh.length < deliveries.length) return []
  const states = indexDeliveries(after).endpoints
  return after.hooks
    .filter(({ endpoint, ready }) => states.get(endpoint)?.enabled && ready <= nowMs)
    .map(({ endpoint }) => `a claim leaves behind what is due for ${endpoint}`)
}

/** What is wrong with a step as far as deliveries go. */
export const judgeDeliveries = (step: Step, receipts: Receipts): string[] => {
  const { before, after, nowMs } = step
  const fresh = noteHandedOut(step, receipts)
  const isSame =
    before.deliveries === after.deliveries &&
    before.errands === after.errands &&
    before.endpoints === after.endpoints &&
    before.stamped === after.stamped
  return [
    ...noneToTheDisabled(step),
    ...handedOutInTime(step, fresh),
    ...claimsTakeWhatIsDue(step, fresh),
    ...(isSame
      ? []
      : [
          ...eventsAreSent(step),
          ...deliveriesAreWanted(step),
          ...waitingIsQueued(after),
          ...endsAreDeserved(step, receipts),
          ...waitsAsPromised(step, receipts),
        ]),
    ...hooksComeUp(after, nowMs),
  ]
}
