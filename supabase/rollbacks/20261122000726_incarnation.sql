set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop trigger accounts_after_update_wake_restored on public.accounts;
drop function private.tg_accounts__wake_restored();
drop function service.settle_restored_account(uuid, uuid, text, jsonb, uuid[], timestamptz);
drop function private.ask_owner_after_restore(uuid, timestamptz);
drop function private.hold_leftovers(uuid, uuid[], timestamptz);
drop function private.adopt_unsent(uuid, smallint, text, timestamptz, timestamptz);
drop function service.list_unsent_posts(uuid, uuid, int, timestamptz);
drop function service.claim_restored_accounts(int, timestamptz);
drop function private.resume_publishing(timestamptz);
drop function private.release_account(uuid, timestamptz);
drop function private.watch_incarnation(timestamptz);
drop function private.stop_waiting(timestamptz);
drop function private.end_hold(timestamptz);
drop function private.hold_publishing(timestamptz, timestamptz);
drop function private.hold_accounts(timestamptz, timestamptz);
drop table private.restored_accounts;
