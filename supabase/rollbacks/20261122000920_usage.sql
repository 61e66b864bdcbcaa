set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.get_usage(date, date);
drop function private.fold_usage(int);
drop function public.record_tokens(bigint);
drop function private.record_tokens(bigint);
drop function service.record_usage(jsonb, timestamptz);
drop trigger events_after_insert_count_created_posts on public.events;
drop function private.tg_events__count_created_posts();
drop table private.usage_log;
drop table public.usage_stats;
