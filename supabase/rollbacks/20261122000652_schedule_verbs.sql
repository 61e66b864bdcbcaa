set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.cancel_post(uuid, int);
drop function public.unschedule_post(uuid, int);
drop function public.retry_post(uuid, int);
drop function public.publish_post(uuid, int);
drop function public.schedule_post(uuid, timestamptz, int, boolean);
drop function private.cancel_post(uuid, int, timestamptz);
drop function private.unschedule_post(uuid, int, timestamptz);
drop function private.retry_post(uuid, int, timestamptz);
drop function private.schedule_post(uuid, timestamptz, int, timestamptz);
drop function private.set_schedule(public.posts, timestamptz, timestamptz);
drop function private.require_schedulable(public.posts);
