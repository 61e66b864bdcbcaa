set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.mark_segments(private.attempt_result[]);
drop function private.record_attempts(private.attempt_result[], timestamptz);
drop function private.close_attempts(private.attempt_result[], timestamptz);
drop type private.attempt_result;
