set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function service.finish_token_revocation(uuid);
drop function service.claim_token_revocations(int, timestamptz);
drop function public.disconnect_account(uuid, int);
drop function private.disconnect_account(uuid, int);
drop function private.end_connection(public.accounts);
drop table private.token_revocations;
drop function public.update_account(uuid, jsonb, int);
drop function private.update_account(uuid, jsonb, int);
drop function private.emit_account_updated(public.accounts);
drop function private.account_facts(public.accounts);
