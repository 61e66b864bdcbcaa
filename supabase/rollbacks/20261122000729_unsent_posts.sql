set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function service.settle_restored_account(uuid, uuid, text, jsonb, uuid[], text[], timestamptz);
drop function private.ask_owner_after_restore(uuid, timestamptz);
drop function private.hold_leftovers(uuid, uuid[], timestamptz);
drop function private.adopt_unsent(uuid, smallint, text, timestamptz, timestamptz);
