import { EDITORS, type FunctionRow, READERS, SPENT, WORKERS } from './outcomes.ts'

/** What is read from X when outcomes are unknown, or a past was restored. */
export const watching: Record<string, FunctionRow> = {
  'public.locate_event_cursor(uuid,bigint,uuid)': [
    READERS,
    `(public.locate_event_cursor('{workspace}', 1, null) ->> 'fork')::uuid`,
  ],
  'public.start_resolving(uuid,integer)': [EDITORS, `public.start_resolving('{unconfirmed}')`],
  'private.start_resolving(uuid,integer)': [
    EDITORS,
    `private.start_resolving('{unconfirmed}', null)`,
  ],
  'service.get_token_holder(uuid)': [WORKERS, `service.get_token_holder('{account}')`],
  'service.check_remote_id(uuid,text,timestamp with time zone,boolean,timestamp with time zone)': [
    WORKERS,
    `service.check_remote_id('{unconfirmed}', '2', now())`,
  ],
  'service.announce_key(text,timestamp with time zone)': [WORKERS, `service.announce_key('k1')`],
  'service.claim_envelopes(text,text[],integer,timestamp with time zone)': [
    WORKERS,
    `coalesce(service.claim_envelopes('k1', '{}'), '{"nothing": "due"}')`,
  ],
  'service.save_envelopes(text,jsonb,text[],timestamp with time zone)': [
    WORKERS,
    `service.save_envelopes('k1', '[]', '{}')`,
  ],
  'service.list_open_looks(text,text)': [WORKERS, `service.list_open_looks('1')`],
  'service.claim_restored_accounts(integer,timestamp with time zone)': [
    WORKERS,
    `jsonb_build_object('accounts', service.claim_restored_accounts())`,
  ],
  // Of an account that no restore concerns there is nothing to tell.
  'service.list_unsent_posts(uuid,uuid,integer,timestamp with time zone)': [
    SPENT,
    `service.list_unsent_posts('{account}')`,
  ],
  'service.settle_restored_account(uuid,uuid,text,jsonb,uuid[],text[],timestamp with time zone)': [
    WORKERS,
    `service.settle_restored_account('{account}', '{account}', 'complete')`,
  ],
}
