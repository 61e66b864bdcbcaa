set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop trigger post_stats_after_insert_count_posts on public.post_stats;
drop function private.tg_post_stats__count_posts();
drop trigger post_analytics_after_insert_count_metrics on public.post_analytics;
drop function private.tg_post_analytics__count_metrics();
drop function private.lock_post_stats(uuid[]);
drop function private.count_metrics(public.post_analytics[]);
drop function private.increments_of(public.post_analytics[]);
drop type private.metric_increment;
