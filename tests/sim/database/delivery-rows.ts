/** What a snapshot has of deliveries. Times are milliseconds since 1970, or ±Infinity. */
export type Endpoint = {
  id: string
  workspace: string
  url: string
  enabled: boolean
  reason: string | null
  /** Deliveries under way at a time, at most. */
  most: number
  failures: number
  types: string[] | null
  created: number
  /** The current one first. */
  secrets: { sealed: string; expires: number }[]
}
export type Delivery = {
  id: string
  endpoint: string
  event: string
  status: string
  failure: string | null
  next: number | null
}
/** A delivery that is still to be sent, and who holds it. */
export type Errand = {
  delivery: string
  endpoint: string
  event: string
  /** When it is due or, while it is claimed, when its lease lapses. */
  run: number
  claim: string | null
  number: number
  failures: number
}
/** An endpoint's place in the queue. */
export type Hook = {
  endpoint: string
  ready: number
  blocked: number
  paced: number
  drains: boolean
}
export type StampedEvent = {
  id: string
  workspace: string
  type: string
  subject: string
  created: number
}

export type DeliveryRows = {
  endpoints: Endpoint[]
  deliveries: Delivery[]
  errands: Errand[]
  hooks: Hook[]
  /** Empty in a seed without endpoints. */
  stamped: StampedEvent[]
}
