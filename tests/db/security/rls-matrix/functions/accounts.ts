import { ADMINS, EDITORS, type FunctionRow, HASH, SPENT, VIEWERS, WORKERS } from './outcomes.ts'

const CONNECTION = `jsonb_build_object(
  'id', gen_random_uuid(), 'workspace_id', '{workspace}', 'remote_user_id', gen_random_uuid(),
  'x_app_id', '00000000-0000-0000-0000-000000000001', 'twitter_username', 'x',
  'encrypted_tokens', 'v1.sealed', 'expires_at', now(), 'scopes', '[]'::jsonb)`

/** Connecting accounts and keeping their tokens. */
export const accounts: Record<string, FunctionRow> = {
  'public.start_connection(uuid,text,text,text,uuid)': [
    ADMINS,
    `public.start_connection('{workspace}', ${HASH}, 'v1.sealed', null)`,
  ],
  'private.start_connection(uuid,text,text,text,uuid)': [
    ADMINS,
    `private.start_connection('{workspace}', ${HASH}, 'v1.sealed', null)`,
  ],
  'public.update_account(uuid,jsonb,integer)': [
    ADMINS,
    `public.update_account('{account}', '{"paused": true}')`,
  ],
  'private.update_account(uuid,jsonb,integer)': [
    ADMINS,
    `private.update_account('{account}', '{"paused": true}', null)`,
  ],
  'public.start_profile_refresh(uuid)': [EDITORS, `public.start_profile_refresh('{account}')`],
  'private.start_profile_refresh(uuid,timestamp with time zone)': [
    EDITORS,
    `private.start_profile_refresh('{account}')`,
  ],
  'service.save_profile(uuid,jsonb,timestamp with time zone)': [
    WORKERS,
    `service.save_profile('{account}', (
       select jsonb_build_object(
         'remote_user_id', remote_user_id, 'twitter_username', 'x', 'text_limit', 280
       ) from public.accounts where id = '{account}'
     ))`,
  ],
  'public.disconnect_account(uuid,integer)': [ADMINS, `public.disconnect_account('{account}')`],
  'private.disconnect_account(uuid,integer)': [
    ADMINS,
    `private.disconnect_account('{account}', null)`,
  ],
  'service.take_oauth_state(text,timestamp with time zone)': [
    SPENT,
    `service.take_oauth_state(${HASH})`,
  ],
  'service.reserve_account_id(uuid,uuid,text)': [
    WORKERS,
    `service.reserve_account_id('{workspace}', '{account}', 'x')`,
  ],
  'service.connect_account(jsonb)': [WORKERS, `service.connect_account(${CONNECTION})`],
  'service.claim_token_revocations(integer,timestamp with time zone)': [
    SPENT,
    'service.claim_token_revocations()',
  ],
  'service.finish_token_revocation(uuid)': [
    WORKERS,
    `service.finish_token_revocation('{account}')`,
  ],
  'service.lease_token_refresh(uuid,bigint,uuid,timestamp with time zone)': [
    WORKERS,
    `service.lease_token_refresh('{account}', 1, '{account}')`,
  ],
  'service.save_refreshed_tokens(uuid,bigint,text,timestamp with time zone,timestamp with time zone)':
    [WORKERS, `service.save_refreshed_tokens('{account}', 1, 'v1.sealed', now())`],
  'service.note_refresh_failure(uuid,bigint,jsonb,timestamp with time zone)': [
    WORKERS,
    `service.note_refresh_failure('{account}', 1, '{"slug": "x", "detail": "x", "who": "provider", "remedy": "x"}')`,
  ],
  'service.require_reauth(uuid,bigint,text,boolean,timestamp with time zone)': [
    WORKERS,
    `service.require_reauth('{account}', 1, 'x')`,
  ],
  'public.account_health(uuid,interval)': [VIEWERS, `public.account_health('{account}')`],
  'private.account_health(uuid,interval,timestamp with time zone)': [
    VIEWERS,
    `private.account_health('{account}', interval '1 day')`,
  ],
}
