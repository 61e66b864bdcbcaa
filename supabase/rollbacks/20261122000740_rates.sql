set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.account_rates(uuid, timestamptz);
drop function private.own_rates(uuid, timestamptz);
drop function private.app_sends(uuid, timestamptz);
drop function service.record_rates(jsonb, timestamptz);
drop table private.rate_windows;
