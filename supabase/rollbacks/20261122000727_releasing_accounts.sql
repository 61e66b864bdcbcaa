set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.resume_publishing(timestamptz);
drop function private.release_account(uuid, timestamptz);
drop function private.judge_unread(uuid, timestamptz);
drop function private.unread_failure();
