import { z } from 'zod'
import type { Hint } from '../inbound/billing.ts'

const reference = z
  .union([z.string(), z.looseObject({ id: z.string() }).transform(({ id }) => id)])
  .nullish()
const Event = z.object({ type: z.string(), data: z.object({ object: z.looseObject({}) }) })
const Subject = z.looseObject({
  id: z.string().nullish(),
  subscription: reference,
  parent: z
    .looseObject({ subscription_details: z.looseObject({ subscription: reference }).nullish() })
    .nullish(),
})

const parse = (body: string) => {
  try {
    return Event.safeParse(JSON.parse(body)).data
  } catch {
    return undefined
  }
}

/** What an event of Stripe is about. Types nobody needs are `unknown`, and kept. */
export const hintOf = (body: string): Hint => {
  const event = parse(body)
  const subject = Subject.safeParse(event?.data.object).data
  if (!event || !subject) return { kind: 'unknown' }
  const of = (kind: 'subscription' | 'dispute', id: string | null | undefined): Hint =>
    id ? { kind, id } : { kind: 'unknown' }
  if (event.type.startsWith('customer.subscription.')) return of('subscription', subject.id)
  if (event.type.startsWith('charge.dispute.')) return of('dispute', subject.id)
  if (/^(checkout\.session|invoice)\./.test(event.type)) {
    const { subscription, parent } = subject
    return of('subscription', parent?.subscription_details?.subscription ?? subscription)
  }
  return { kind: 'unknown' }
}
