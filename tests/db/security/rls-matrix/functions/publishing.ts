import { EDITORS, type FunctionRow, READERS, VIEWERS, WORKERS } from './outcomes.ts'

/** Sending, and what came of it. */
export const publishing: Record<string, FunctionRow> = {
  'public.list_attempts(uuid)': [READERS, `public.list_attempts('{published}')`],
  'private.open_attempts(uuid,uuid)': [
    VIEWERS,
    `(select count(*) from private.open_attempts('{published}', '{workspace}'))`,
  ],
  'public.resolve_post(uuid,text,integer)': [EDITORS, `public.resolve_post('{unconfirmed}', '1')`],
  'private.resolve_post(uuid,text,integer,timestamp with time zone)': [
    EDITORS,
    `private.resolve_post('{unconfirmed}', '1', null, now())`,
  ],
  'service.claim_jobs(uuid,uuid,integer,integer,interval,interval,timestamp with time zone)': [
    WORKERS,
    `service.claim_jobs('{account}', '{account}')`,
  ],
  'service.stamp_events()': [WORKERS, 'service.stamp_events()'],
  'service.advance(uuid,jsonb,jsonb,jsonb,interval,interval,timestamp with time zone)': [
    WORKERS,
    `service.advance('{account}')`,
  ],
  'service.claim_looks(integer,timestamp with time zone)': [WORKERS, 'service.claim_looks()'],
  'service.list_owned_remote_ids(text[],text)': [
    WORKERS,
    `jsonb_build_object('owned', service.list_owned_remote_ids(array['1']))`,
  ],
  'service.settle_looks(jsonb,text[],timestamp with time zone)': [
    WORKERS,
    `service.settle_looks('[]')`,
  ],
  'service.keep_worker(uuid,timestamp with time zone)': [
    WORKERS,
    `service.keep_worker('{account}')`,
  ],
  'service.leave_worker(uuid,boolean)': [WORKERS, `service.leave_worker('{account}', true)`],
  'service.due_duties()': [WORKERS, `jsonb_build_object('due', service.due_duties())`],
  'service.ring_publish()': [WORKERS, 'to_jsonb(service.ring_publish() is not null)'],
}
