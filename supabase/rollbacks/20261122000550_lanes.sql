set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop trigger accounts_after_update_follow_lane on public.accounts;
drop trigger accounts_after_insert_follow_lane on public.accounts;
drop function private.tg_accounts__follow_lane();
drop function private.reclaim_idle_lanes(uuid[]);
drop function private.open_lanes(uuid[], text);
drop function private.close_lanes(uuid[], text);
drop function private.refresh_lanes(uuid[], uuid[]);
drop function private.lock_lanes(uuid[]);
drop table private.publish_jobs;
drop table private.account_lanes;
