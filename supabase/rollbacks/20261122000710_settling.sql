set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function service.advance(uuid, jsonb, jsonb, jsonb, interval, interval, timestamptz);
drop function private.release_lanes(jsonb, timestamptz);
drop function private.settle_results(private.attempt_result[], timestamptz);
drop function private.try_results(private.attempt_result[], timestamptz, uuid[], interval);
drop function private.apply_results_singly(private.attempt_result[], interval, timestamptz);
drop function private.apply_results(private.attempt_result[], interval, timestamptz);
drop function private.apply_closed(private.attempt_result[], interval, timestamptz);
drop function private.apply_blocks(private.attempt_result[], timestamptz);
