set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.deliver_tick(timestamptz);
drop function service.ring_deliver();
drop function service.settle_deliveries(jsonb, uuid, uuid, int, interval, timestamptz);
drop function private.refill_lanes(uuid, uuid, uuid[], int, interval, timestamptz);
drop function private.pause_lanes(private.delivery_result[], timestamptz);
drop function private.note_our_faults(private.delivery_result[], timestamptz);
drop function private.judge_endpoints(private.delivery_result[], timestamptz);
drop function private.note_failing(private.delivery_result[], timestamptz);
drop function private.settle_jobs(private.delivery_result[], timestamptz);
drop function private.postpone_jobs(private.delivery_result[], timestamptz);
drop function private.end_jobs(private.delivery_result[]);
drop function private.record_attempts(private.delivery_result[]);
drop type private.delivery_result;
