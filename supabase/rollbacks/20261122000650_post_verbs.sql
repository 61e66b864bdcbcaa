set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.duplicate_post(uuid);
drop function public.update_post(uuid, jsonb, int);
drop function public.create_post(jsonb, boolean);
drop function private.duplicate_post(uuid, timestamptz);
drop function private.update_post(uuid, jsonb, int, timestamptz);
drop function private.require_editable(public.posts);
drop function private.create_post(jsonb, timestamptz);
drop function private.lock_post(uuid, text, int);
