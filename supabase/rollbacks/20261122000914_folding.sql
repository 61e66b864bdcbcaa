set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.analytics_tick(timestamptz);
drop function service.roll_up(int, timestamptz);
drop function private.announce_metrics(private.stat_increments[], timestamptz);
drop function private.broadcast_stats(private.stat_increments[]);
drop function private.fold_days(private.stat_increments[], timestamptz);
drop function private.fold_hours(private.stat_increments[], timestamptz);
