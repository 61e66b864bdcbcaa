set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop trigger accounts_after_update_keep_collection_lane on public.accounts;
drop trigger accounts_after_insert_keep_collection_lane on public.accounts;
drop function private.tg_accounts__keep_collection_lane();
drop function private.refresh_collection_lanes(uuid[]);
drop function private.lock_collection_lanes(uuid[]);
drop function private.next_collection(timestamptz, timestamptz, int);
drop table private.metric_schedules;
drop table private.collection_lanes;
