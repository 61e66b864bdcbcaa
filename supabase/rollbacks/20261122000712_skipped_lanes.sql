set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.skip_lanes(uuid[], timestamptz);
drop function private.tell_tokenless(uuid[], timestamptz);
