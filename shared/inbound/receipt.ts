/** An event as a provider sent it, its signature checked. */
export type Arrival = {
  provider: 'x' | 'stripe'
  /** Never twice the same for two events of the provider. */
  event_id: string
  type: string
  body: string
}

/** A stored event that is ours to process while the lease lasts, as service.claim_inbound gives it. */
export type Receipt = Pick<Arrival, 'provider' | 'type' | 'body'> & {
  receipt_id: string
  lease_id: string
}

/** Names the lease in every call that ends it. */
export const leaseOf = ({ receipt_id, lease_id }: Receipt) => ({
  p_receipt_id: receipt_id,
  p_lease_id: lease_id,
})
