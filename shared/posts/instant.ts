import { z } from 'zod'

const remedy =
  'Send an ISO 8601 instant with its offset, such as 2026-12-24T09:00:00+01:00, or "now".'

const isInstant = (value: string) => z.iso.datetime({ offset: true }).safeParse(value).success

/** When to publish: an ISO 8601 instant with an offset, or "now" on the database's clock. */
export const Instant = z
  .string()
  .superRefine((value, context) => {
    if (value === 'now' || isInstant(value)) return
    const message = value === 'next_slot' ? `Posting slots are not offered yet. ${remedy}` : remedy
    context.addIssue({ code: 'custom', message })
  })
  .meta({
    override: {
      anyOf: [{ type: 'string', format: 'date-time' }, { const: 'now' }],
      type: undefined,
    },
  })
