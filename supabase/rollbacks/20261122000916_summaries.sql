set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.get_post_analytics(uuid);
drop function private.post_series(uuid);
drop function public.get_account_summary(uuid, date, date);
drop function private.account_lateness(uuid, date, date);
drop function private.sum_days(uuid, date, date);
