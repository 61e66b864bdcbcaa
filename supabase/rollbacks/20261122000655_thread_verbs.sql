set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.unpublish_post(uuid, int);
drop function public.drop_remainder(uuid, int);
drop function public.resume_post(uuid, int);
drop function private.unpublish_post(uuid, int, timestamptz);
drop function private.drop_remainder(uuid, int, timestamptz);
drop function private.resume_post(uuid, int, timestamptz);
drop function private.require_remainder(public.posts);
