set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function service.claim_jobs(uuid, uuid, int, int, interval, interval, timestamptz);
drop function private.claimed_batch(uuid, int, interval, timestamptz);
drop function private.take_lanes(uuid, uuid, int, interval, interval, timestamptz);
drop function private.claim_window(int, interval, timestamptz);
