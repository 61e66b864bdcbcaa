set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop trigger events_after_insert_settle_spend on public.events;
drop function private.tg_events__settle_spend();
drop function private.settle_published(uuid[]);
drop function private.record_unheld(uuid[]);
