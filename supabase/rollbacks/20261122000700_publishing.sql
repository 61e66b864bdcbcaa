set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.list_attempts(uuid);
drop function service.go(uuid, uuid, uuid[], interval, timestamptz);
drop function private.start_attempts_singly(uuid, uuid, uuid[], interval, timestamptz);
drop function private.start_attempts(uuid, uuid, uuid[], interval, timestamptz);
drop function private.sending_batch(uuid, uuid[]);
drop function service.claim_jobs(uuid, uuid, int, int, interval, interval, timestamptz);
drop function private.release_lanes(uuid, uuid[]);
drop function private.claimed_batch(uuid);
drop function private.take_lanes(uuid, int, int, interval, interval, timestamptz);
drop function private.is_publishing_held();
drop table private.incarnation;
drop table private.publish_workers;
drop table private.remote_posts;
drop table private.live_attempts;
drop table public.publish_attempts;
delete from private.partition_policies where parent = 'public.publish_attempts';
