set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.limits_tick(timestamptz);
drop function private.end_upload_probe(uuid, timestamptz);
drop function private.close_breakers(private.attempt_result[], timestamptz);
drop function private.watch_app(private.x_apps, timestamptz);
drop function private.reopen_app_lanes(uuid);
drop function private.start_probe(private.x_apps, timestamptz);
drop function private.find_uploader(private.x_apps, timestamptz);
