set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.pause_suspended_accounts(private.attempt_result[], timestamptz);
