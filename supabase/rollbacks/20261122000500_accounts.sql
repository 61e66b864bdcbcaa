set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.app_credentials(uuid);
drop function private.lock_account(uuid, text, int);
drop function private.require_account(uuid, text);
drop table private.oauth_states;
drop table private.account_tokens;
drop table public.accounts;
drop table private.x_apps;
