set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop trigger accounts_after_update_wake_restored on public.accounts;
drop function private.tg_accounts__wake_restored();
drop function service.list_unsent_posts(uuid, uuid, int, timestamptz);
drop function service.claim_restored_accounts(int, timestamptz);
