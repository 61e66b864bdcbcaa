import { z } from 'zod'

/**
 * What is promised of one type of event. `data` may gain members without notice; a change that could
 * break a reader is a new version, and so far every type is at its first.
 */
export type Entry<Data extends z.ZodObject = z.ZodObject> = {
  description: string
  version: number
  data: Data
  example: z.infer<Data>
}

/** Checks the example against the schema where it is written. */
export const entry = <Data extends z.ZodObject>(
  description: string,
  data: Data,
  example: z.infer<Data>,
): Entry<Data> => ({ description, version: 1, data, example })

export const instant = () => z.iso.datetime({ offset: true })

/** Ids that examples agree on. */
export const SAMPLE = {
  workspace_id: '0193a3c0-0000-7000-8000-000000000002',
  account_id: '0193a3c0-0000-7000-8000-000000000003',
  post_id: '0193a3c0-0000-7000-8000-000000000004',
  x_app_id: '0193a3c0-0000-7000-8000-000000000005',
  endpoint_id: '0193a3c0-0000-7000-8000-000000000006',
} as const
