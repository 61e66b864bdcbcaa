set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.account_health(uuid, interval);
drop function private.account_health(uuid, interval, timestamptz);
drop function private.recent_lateness(uuid, timestamptz, timestamptz);
