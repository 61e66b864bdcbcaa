set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function service.list_owned_remote_ids(text[], text);
drop trigger accounts_after_update_wake_looks on public.accounts;
drop function private.tg_accounts__wake_looks();
drop function service.list_open_looks(text, text);
drop function service.claim_looks(int, timestamptz);
drop function private.look_documents(private.look[]);
drop function private.lease_watches(int, timestamptz);
drop function private.lease_looks(int, timestamptz);
drop function private.defer_looks(int, timestamptz);
drop function private.token_failure(text);
drop function private.next_look_after(int);
drop type private.look;
drop table private.given_up_attempts;
