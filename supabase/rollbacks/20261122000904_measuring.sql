set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop trigger events_after_insert_note_published on public.events;
drop function private.tg_events__note_published();
drop function private.measure_new_posts(int, timestamptz);
drop function private.measure_posts(uuid[], timestamptz);
drop function private.start_post_stats(uuid[]);
drop table private.unmeasured_posts;
