import { z } from 'zod'

/** The path parameter of every single resource. */
export const IdParam = z.strictObject({ id: z.uuid() })

/** ?dry_run=true answers as the real request would, and keeps nothing. */
export const DryRunQuery = z.strictObject({
  dry_run: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'true: answer as usual, keep nothing.' }),
})

/** The body of a list. */
export const pageOf = <Row extends z.ZodType>(row: Row) =>
  z.object({
    data: z.array(row),
    next_cursor: z.string().nullable(),
    has_more: z.boolean(),
  })

/** A period of UTC days, `to` excluded. */
export const PeriodQuery = z.strictObject({
  from: z.iso.date().optional(),
  to: z.iso.date().optional().meta({ description: 'Excluded.' }),
})
