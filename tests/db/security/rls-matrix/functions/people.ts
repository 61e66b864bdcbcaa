import { ADMINS, ANYBODY, type FunctionRow, HASH, READERS, WORKERS } from './outcomes.ts'

/** A person, what they use, and what happened in their workspaces. */
export const people: Record<string, FunctionRow> = {
  'public.update_me(jsonb)': [ANYBODY, `public.update_me('{}')`],
  'private.update_me(jsonb)': [ANYBODY, `private.update_me('{}')`],
  'public.claim_idempotency_key(text,text,text)': [
    ANYBODY,
    `public.claim_idempotency_key('POST /', 'k', ${HASH})`,
  ],
  'private.claim_idempotency_key(text,text,text,timestamp with time zone)': [
    ANYBODY,
    `private.claim_idempotency_key('POST /', 'k', ${HASH}, now())`,
  ],
  'public.settle_idempotency_key(text,text,text)': [
    ANYBODY,
    `(public.settle_idempotency_key('POST /', 'k') is null)::text`,
  ],
  'private.settle_idempotency_key(text,text,text)': [
    ANYBODY,
    `private.settle_idempotency_key('POST /', 'k', null)`,
  ],
  'public.record_tokens(bigint)': [ANYBODY, '(public.record_tokens(1) is null)::text'],
  'private.record_tokens(bigint)': [ANYBODY, 'private.record_tokens(1)'],
  'public.get_usage(date,date)': [ANYBODY, 'public.get_usage()'],
  'public.end_of_events(uuid)': [
    READERS,
    `public.end_of_events('{workspace}') ->> 'last_sequence'`,
  ],
  'public.list_events(uuid,bigint,integer,jsonb)': [
    READERS,
    `public.list_events('{workspace}') -> 'events'`,
  ],
  'service.record_usage(jsonb,timestamp with time zone)': [WORKERS, `service.record_usage('[]')`],
  'public.update_workspace(uuid,jsonb,integer)': [
    ADMINS,
    `public.update_workspace('{workspace}', '{"paused": true}')`,
  ],
  'private.update_workspace(uuid,jsonb,integer,timestamp with time zone)': [
    ADMINS,
    `private.update_workspace('{workspace}', '{"paused": true}', null)`,
  ],
}
