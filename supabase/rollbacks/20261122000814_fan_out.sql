set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop trigger events_after_insert_ring_deliver on public.events;
drop function private.tg_events__ring_deliver();
drop trigger event_positions_after_insert_make_deliveries on public.event_positions;
drop function private.tg_event_positions__make_deliveries();
