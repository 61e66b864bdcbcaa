set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function service.settle_looks(jsonb, timestamptz);
drop function private.give_up_absent(uuid[], timestamptz);
drop function service.list_owned_remote_ids(text[], text);
drop trigger accounts_after_update_wake_looks on public.accounts;
drop function private.tg_accounts__wake_looks();
drop function service.claim_looks(int, timestamptz);
drop function private.next_look_after(int);
