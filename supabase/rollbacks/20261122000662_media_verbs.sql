set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.delete_media(uuid, int);
drop function private.delete_media(uuid, int);
drop function private.lock_media(uuid, int);
drop function public.create_media(uuid, jsonb);
drop function private.create_media(uuid, jsonb);
