set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.retry_refreshes(uuid);
drop trigger account_tokens_after_delete_clear_alert on private.account_tokens;
drop trigger account_tokens_after_update_clear_alert on private.account_tokens;
drop function private.tg_account_tokens__clear_alert();
drop function service.note_refresh_failure(uuid, bigint, jsonb, timestamptz);
drop function private.alert_refresh_failure(private.account_tokens, timestamptz);
