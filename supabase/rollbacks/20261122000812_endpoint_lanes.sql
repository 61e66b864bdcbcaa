set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop trigger webhook_endpoints_after_delete_follow_lane on public.webhook_endpoints;
drop trigger webhook_endpoints_after_update_follow_lane on public.webhook_endpoints;
drop trigger webhook_endpoints_after_insert_follow_lane on public.webhook_endpoints;
drop function private.tg_webhook_endpoints__follow_lane();
drop function private.refresh_endpoint_lanes(uuid[], timestamptz);
drop function private.next_delivery_at(uuid, int, timestamptz);
drop function private.deliveries_in_flight(uuid, timestamptz);
drop function private.endpoint_capacity(smallint, int);
drop function private.lock_endpoint_lanes(uuid[]);
drop table private.delivery_jobs;
drop table private.endpoint_lanes;
