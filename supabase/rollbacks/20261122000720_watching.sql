set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.tick(timestamptz);
drop function service.ring_publish();
drop function service.leave_worker(uuid, boolean);
drop function service.keep_worker(uuid, timestamptz);
drop function private.bury_workers(timestamptz);
drop function private.missing_workers(int, int, timestamptz, int);
drop function service.due_duties();
drop function private.due_duties(timestamptz);
drop function private.rescue_attempts(int, timestamptz);
drop function private.quiet_time();
