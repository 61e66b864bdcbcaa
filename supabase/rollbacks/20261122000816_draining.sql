set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.drain_lanes(int, timestamptz);
drop function private.forget_drained_lanes(uuid[]);
