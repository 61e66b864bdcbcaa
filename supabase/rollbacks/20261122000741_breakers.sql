set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.announce_unblock(uuid);
drop function private.announce_block(private.x_apps);
drop function private.block_apps(private.attempt_result[], timestamptz);
drop function private.stop_apps(private.app_block[], timestamptz);
drop function private.open_breakers(private.app_block[], timestamptz);
drop type private.app_block;
drop table private.app_notices;
