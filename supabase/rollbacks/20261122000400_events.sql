set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.list_events(uuid, bigint, int);
drop function public.locate_event_cursor(uuid, bigint, uuid);
drop function private.fork_events(timestamptz);
drop function service.stamp_events();
drop function private.stamp_events(int);
drop function private.resume_stamping();
drop trigger events_after_insert_await_stamp on public.events;
drop function private.tg_events__await_stamp();
drop view public.activity;
drop table public.event_forks;
drop table private.sequencer_progress;
drop table private.unstamped_events;
drop table private.event_sequences;
drop table public.event_positions;
drop table public.events;
delete from private.partition_policies where parent in ('public.events', 'public.event_positions');
