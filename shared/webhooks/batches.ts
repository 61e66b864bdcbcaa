/** Shapes that service.claim_deliveries and service.settle_deliveries exchange with workers. */

export type ClaimedEvent = {
  id: string
  type: string
  workspace_id: string
  sequence: number
  subject_type: string
  subject_id: string
  created_at: string
  data: Record<string, unknown>
}

export type ClaimedEndpoint = {
  id: string
  workspace_id: string
  url: string
  /** The current one first. */
  encrypted_secrets: string[]
  /** Sent along; null: none. */
  encrypted_headers: string | null
}

export type ClaimedDelivery = {
  id: string
  endpoint_id: string
  /** Of the attempt to make now. */
  number: number
  /** Attempts that failed before. */
  failure_count: number
  event: ClaimedEvent
}

export type DeliveryClaim = {
  /** When something can be claimed next; null when nothing waits. */
  next_in_ms: number | null
  endpoints: ClaimedEndpoint[]
  deliveries: ClaimedDelivery[]
}

/** What one attempt came to. */
export type Verdict =
  | { outcome: 'delivered' }
  | { outcome: 'gone' | 'failed'; error: string }
  /** `pause_ms`: how long the endpoint is left alone altogether. `is_our_fault`: it was never asked. */
  | {
      outcome: 'retry'
      error: string
      retry_after_ms: number
      pause_ms?: number
      is_our_fault?: true
    }

export type DeliveryResult = Verdict & {
  delivery_id: string
  endpoint_id: string
  number: number
  http_status?: number
  response?: string
  started_at: string
  duration_ms: number
}

/** With what was claimed along, when that was asked for. */
export type Settled = Pick<DeliveryClaim, 'next_in_ms'> &
  Partial<Pick<DeliveryClaim, 'endpoints' | 'deliveries'>> & { settled: number }
