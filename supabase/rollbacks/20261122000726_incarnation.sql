set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.watch_incarnation(timestamptz);
drop function private.stop_waiting(timestamptz);
drop function private.end_hold(timestamptz);
drop function private.hold_publishing(timestamptz, timestamptz);
drop function private.hold_accounts(timestamptz, timestamptz);
drop table private.restored_accounts;
