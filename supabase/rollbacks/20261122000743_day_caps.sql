set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.watch_day_caps(timestamptz);
drop function private.reopen_capped_app(private.x_apps, timestamptz);
