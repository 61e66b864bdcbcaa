set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop table public.post_stats;
drop table public.post_analytics;
delete from private.partition_policies where parent in ('public.post_analytics', 'public.post_stats');
