import type { Endpoint, StampedEvent } from '../database/delivery-rows.ts'
import type { Snapshot } from '../database/snapshot.ts'
import { isSuccess } from '../receivers/fates.ts'
import type { Receipts } from '../receivers/receipts.ts'
import type { Step } from '../world.ts'
import { indexDeliveries } from './index-rows.ts'

const wants = (endpoint: Endpoint, event: StampedEvent): boolean =>
  endpoint.workspace === event.workspace &&
  (event.type === 'webhook.test'
    ? event.subject === endpoint.id
    : endpoint.types === null || endpoint.types.includes(event.type))

const pairOf = ({ event, endpoint }: { event: string; endpoint: string }) => `${event} ${endpoint}`

/** An event gets its deliveries when it gets its position: one for each endpoint that wants it then. */
export const eventsAreSent = ({ before, after }: Step): string[] => {
  const known = new Set(before.stamped.map(({ id }) => id))
  const made = new Set(after.deliveries.map(pairOf))
  return after.stamped
    .filter(({ id }) => !known.has(id))
    .flatMap((event) =>
      before.endpoints
        .filter((endpoint) => endpoint.enabled && endpoint.created <= event.created)
        .filter((endpoint) => wants(endpoint, event))
        .filter((endpoint) => !made.has(pairOf({ event: event.id, endpoint: endpoint.id })))
        .map(({ id }) => `endpoint ${id} gets no delivery of event ${event.id}`),
    )
}

/** Never two of one event for one endpoint, and none that nobody wants. */
export const deliveriesAreWanted = ({ before, after }: Step): string[] => {
  const { deliveries: known } = indexDeliveries(before)
  const pairs = new Set(before.deliveries.map(pairOf))
  const events = new Map(after.stamped.map((event) => [event.id, event]))
  const endpoints = new Map(before.endpoints.map((endpoint) => [endpoint.id, endpoint]))
  return after.deliveries
    .filter(({ id }) => !known.has(id))
    .flatMap((delivery) => {
      const event = events.get(delivery.event)
      const endpoint = endpoints.get(delivery.endpoint)
      const isTwin = pairs.has(pairOf(delivery))
      pairs.add(pairOf(delivery))
      if (isTwin) return [`event ${delivery.event} has two deliveries to ${delivery.endpoint}`]
      return event && endpoint?.enabled && wants(endpoint, event)
        ? []
        : [`event ${delivery.event} goes to ${delivery.endpoint}, which does not want it`]
    })
}

/** What waits has a job and a next time, and nothing else has. */
export const waitingIsQueued = (state: Snapshot): string[] => {
  const { errands, deliveries } = indexDeliveries(state)
  return [
    ...state.deliveries
      .filter(({ id, status, next }) => {
        const waits = status === 'pending'
        return waits !== errands.has(id) || waits !== (next !== null)
      })
      .map(({ id, status }) => `delivery ${id} is ${status}, its job says otherwise`),
    ...state.errands
      .filter(({ delivery }) => !deliveries.has(delivery))
      .map(({ delivery }) => `a job has no delivery: ${delivery}`),
  ]
}

/** The last wait but one is over after nine failures: the tenth try is the last. */
const LAST_FAILURES = 9

/** An end is deserved: by what the receiver answered, by the ladder, or by the end of the endpoint. */
export const endsAreDeserved = ({ before, after }: Step, receipts: Receipts): string[] => {
  const was = indexDeliveries(before)
  const enabled = new Set(after.endpoints.filter((each) => each.enabled).map(({ id }) => id))
  return after.deliveries.flatMap(({ id, endpoint, status, failure }) => {
    const old = was.deliveries.get(id)
    if (status === 'pending' || (old?.status === status && old.failure === failure)) return []
    const heard = receipts.of(id).flatMap((attempt) => attempt.heard ?? [])
    const isDeserved = {
      delivered: heard.some(isSuccess),
      gone: heard.some((ending) => ending.kind === 'answers' && ending.status === 410),
      exhausted: was.errands.get(id)?.failures === LAST_FAILURES,
      'endpoint-disabled': !enabled.has(endpoint),
      'endpoint-deleted': !enabled.has(endpoint),
    }[failure ?? status]
    return isDeserved ? [] : [`delivery ${id} ended ${failure ?? status}, which nothing bears out`]
  })
}
