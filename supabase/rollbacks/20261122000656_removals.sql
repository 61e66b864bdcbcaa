set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function service.settle_removal(uuid, smallint, jsonb, boolean, timestamptz, timestamptz);
drop function private.retry_removal(uuid, uuid, timestamptz, timestamptz);
drop function service.claim_removals(int, timestamptz);
drop function private.removable_segments(uuid[], timestamptz);
drop function private.lease_removals(int, timestamptz);
drop function private.has_due_removals(timestamptz);
drop function private.postpone_removals(timestamptz);
drop function private.removal_room(uuid, timestamptz);
drop function private.removal_window();
drop table private.removal_tries;
drop table private.removals;
