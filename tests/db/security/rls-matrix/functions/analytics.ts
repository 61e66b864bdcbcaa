import { type FunctionRow, READERS, WORKERS } from './outcomes.ts'

const DAYS = `'2020-01-01', '2040-01-01'`

/** Metrics, rollups and summaries. */
export const analytics: Record<string, FunctionRow> = {
  'public.get_account_summary(uuid,date,date)': [
    READERS,
    `public.get_account_summary('{account}')`,
  ],
  'private.sum_days(uuid,date,date)': [
    READERS,
    `nullif(private.sum_days('{account}', ${DAYS}) -> 'posts', '0')`,
  ],
  'private.account_lateness(uuid,date,date)': [
    READERS,
    `nullif(private.account_lateness('{account}', ${DAYS}) -> 'posts', '0')`,
  ],
  'public.get_post_analytics(uuid)': [READERS, `public.get_post_analytics('{published}')`],
  'private.post_series(uuid)': [READERS, `private.post_series('{published}')`],
  'service.claim_collections(uuid,integer,integer,interval,timestamp with time zone)': [
    WORKERS,
    `service.claim_collections('{account}')`,
  ],
  'service.save_metrics(jsonb,uuid,jsonb,timestamp with time zone)': [
    WORKERS,
    `service.save_metrics('[]', '{account}')`,
  ],
  'service.roll_up(integer,timestamp with time zone)': [WORKERS, 'service.roll_up()'],
}
