import { type FunctionRow, READERS, WORKERS } from './outcomes.ts'

/** What is read from X when outcomes are unknown, or a past was restored. */
export const watching: Record<string, FunctionRow> = {
  'public.locate_event_cursor(uuid,bigint,uuid)': [
    READERS,
    `(public.locate_event_cursor('{workspace}', 1, null) ->> 'fork')::uuid`,
  ],
  'service.list_open_looks(text,text)': [WORKERS, `service.list_open_looks('1')`],
  'service.claim_restored_accounts(integer,timestamp with time zone)': [
    WORKERS,
    `jsonb_build_object('accounts', service.claim_restored_accounts())`,
  ],
  'service.list_unsent_posts(uuid,uuid,integer,timestamp with time zone)': [
    WORKERS,
    `service.list_unsent_posts('{account}')`,
  ],
  'service.settle_restored_account(uuid,uuid,text,jsonb,uuid[],timestamp with time zone)': [
    WORKERS,
    `service.settle_restored_account('{account}', '{account}', 'complete')`,
  ],
}
