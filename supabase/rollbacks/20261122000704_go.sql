set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.start_attempts_safely(uuid, private.go_request[], interval, timestamptz);
drop function private.start_attempts(uuid, private.go_request[], interval, timestamptz);
drop function private.count_sends(uuid[], interval, timestamptz);
drop function private.allowed_jobs(private.go_request[], timestamptz);
drop type private.go_request;
drop function private.sending_batch(uuid, uuid[]);
