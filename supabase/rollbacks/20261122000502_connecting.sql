set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function service.connect_account(jsonb);
drop function private.save_tokens(jsonb);
drop function private.save_account(jsonb);
drop function service.reserve_account_id(uuid, uuid, text);
drop function service.take_oauth_state(text, timestamptz);
drop function public.start_connection(uuid, text, text, text, uuid);
drop function private.start_connection(uuid, text, text, text, uuid);
