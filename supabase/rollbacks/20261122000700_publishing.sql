set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.list_attempts(uuid);
drop function private.open_attempts(uuid, uuid);
drop trigger accounts_after_delete_forget_live_attempts on public.accounts;
drop function private.tg_accounts__forget_live_attempts();
drop function private.is_publishing_held();
drop function private.current_timeline();
drop table private.incarnation;
drop table private.publish_workers;
drop table private.remote_posts;
drop table private.live_attempts;
drop table public.publish_attempts;
delete from private.partition_policies where parent = 'public.publish_attempts';
