set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.resolve_post(uuid, text, int);
drop function private.resolve_post(uuid, text, int, timestamptz);
drop function private.require_quiet(uuid, timestamptz);
drop function private.quiet_at(uuid);
drop function private.require_checked_id(uuid, text, timestamptz);
drop function service.check_remote_id(uuid, text, timestamptz, boolean, timestamptz);
drop function service.get_token_holder(uuid);
drop function public.start_resolving(uuid, int);
drop function private.start_resolving(uuid, int);
drop table private.checked_remote_ids;
