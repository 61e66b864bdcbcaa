set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.limits_tick(timestamptz);
drop function private.watch_day_caps(timestamptz);
drop function private.close_breakers(private.attempt_result[], timestamptz);
drop function private.watch_app(private.x_apps, timestamptz);
drop function private.reopen_app_lanes(uuid);
drop function private.start_probe(private.x_apps, timestamptz);
drop function private.announce_unblock(uuid);
drop function private.announce_block(private.x_apps);
drop function private.block_apps(private.attempt_result[], timestamptz);
drop function private.open_breakers(private.attempt_result[], timestamptz);
drop function private.account_rates(uuid, timestamptz);
drop function private.own_rates(uuid, timestamptz);
drop function private.app_sends(uuid, timestamptz);
drop function service.record_rates(jsonb, timestamptz);
drop table private.app_notices;
drop table private.rate_windows;
