set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.resolve_post(uuid, text, int);
drop function private.resolve_post(uuid, text, int, timestamptz);
