import { EDITORS, type FunctionRow, READERS, WORKERS } from './outcomes.ts'

/** Sending, and what came of it. */
export const publishing: Record<string, FunctionRow> = {
  'public.list_attempts(uuid)': [READERS, `public.list_attempts('{published}')`],
  'public.resolve_post(uuid,text,integer)': [EDITORS, `public.resolve_post('{unconfirmed}', '1')`],
  'private.resolve_post(uuid,text,integer,timestamp with time zone)': [
    EDITORS,
    `private.resolve_post('{unconfirmed}', '1', null, now())`,
  ],
  'service.claim_jobs(uuid,uuid,integer,integer,interval,interval,timestamp with time zone)': [
    WORKERS,
    `service.claim_jobs('{account}', '{account}')`,
  ],
  'service.go(uuid,uuid,uuid[],interval,timestamp with time zone)': [
    WORKERS,
    `service.go('{account}', '{account}', array['{scheduled}'::uuid])`,
  ],
  'service.settle(jsonb,uuid,uuid[],uuid[],timestamp with time zone)': [
    WORKERS,
    `service.settle('[]', '{account}')`,
  ],
  'service.claim_looks(integer,timestamp with time zone)': [WORKERS, 'service.claim_looks()'],
  'service.list_open_looks(text,text)': [WORKERS, `service.list_open_looks('1')`],
  'service.list_owned_remote_ids(text[],text)': [
    WORKERS,
    `jsonb_build_object('owned', service.list_owned_remote_ids(array['1']))`,
  ],
  'service.settle_looks(jsonb,timestamp with time zone)': [WORKERS, `service.settle_looks('[]')`],
  'service.leave_worker(uuid)': [WORKERS, `service.leave_worker('{account}')`],
  'service.ring_publish()': [WORKERS, 'to_jsonb(service.ring_publish() is not null)'],
}
