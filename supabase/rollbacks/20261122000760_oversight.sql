set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.account_health(uuid, interval);
drop function public.list_at_risk(uuid, jsonb, int);
drop function private.account_health(uuid, interval, timestamptz);
drop function private.recent_lateness(uuid, timestamptz, timestamptz);
drop function private.list_at_risk(uuid, jsonb, int, timestamptz);
drop function private.jobs_at_risk(uuid, jsonb, int, timestamptz);
drop function private.risk_reasons(private.risk[], boolean);
drop function private.media_risk(uuid, uuid);
drop type private.risk;
drop function private.lane_risks(uuid, timestamptz);
