set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function service.require_reauth(uuid, bigint, text, boolean, timestamptz);
drop function private.is_refused_again(uuid, bigint, timestamptz);
drop function service.save_refreshed_tokens(uuid, bigint, text, timestamptz, timestamptz);
drop function service.lease_token_refresh(uuid, bigint, uuid, timestamptz);
drop function private.may_refresh(private.account_tokens, timestamptz);
