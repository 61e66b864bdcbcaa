set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop table private.stat_increments;
drop table public.account_stats_daily;
drop table public.account_stats_hourly;
