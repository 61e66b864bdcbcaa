set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.list_events(uuid, bigint, int);
drop function public.locate_event_cursor(uuid, bigint, uuid);
drop function private.fork_events(timestamptz);
drop function service.stamp_events();
drop function private.stamp_events(int);
drop table public.event_forks;
drop table private.event_sequences;
drop table public.events;
delete from private.partition_policies where parent = 'public.events';
