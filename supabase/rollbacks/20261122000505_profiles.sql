set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function service.save_profile(uuid, jsonb, timestamptz);
drop function public.start_profile_refresh(uuid);
drop function private.start_profile_refresh(uuid, timestamptz);
