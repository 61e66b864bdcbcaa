set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.list_at_risk(uuid, jsonb, int);
drop function private.list_at_risk(uuid, jsonb, int, timestamptz);
drop function private.jobs_at_risk(uuid, jsonb, int, timestamptz);
drop function private.foreseen_waits(uuid[], timestamptz);
drop function private.foresee_waits(uuid, timestamptz);
drop function private.window_after(private.rate_window, timestamptz);
drop type private.rate_window;
drop function private.thread_failure(private.publish_jobs, timestamptz);
drop function private.risk_reasons(private.risk[], boolean);
drop function private.media_risk(uuid, uuid);
drop function private.lane_risks(uuid[], timestamptz);
drop type private.risk;
