set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.deliver_tick(timestamptz);
drop function service.ring_deliver();
drop function service.settle_deliveries(jsonb, timestamptz);
drop function private.pause_lanes(private.delivery_result[], timestamptz);
drop function private.judge_endpoints(private.delivery_result[], timestamptz);
drop function private.settle_jobs(private.delivery_result[], timestamptz);
drop function private.record_attempts(private.delivery_result[]);
drop type private.delivery_result;
drop function service.claim_deliveries(uuid, int, interval, timestamptz);
drop function private.next_delivery_in_ms(timestamptz);
drop function private.claimed_endpoints(uuid, timestamptz);
drop function private.claimed_deliveries(uuid);
drop function private.take_deliveries(uuid, uuid[], int, interval, timestamptz);
drop function private.lock_ready_lanes(int, timestamptz);
