set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.require_not_taken(uuid);
drop function private.answers_before(private.attempt_result[]);
drop function private.unowned_attempts(uuid[]);
drop function private.late_answers(private.attempt_result[], private.attempt_result[]);
drop function private.record_late_answers(private.attempt_result[], timestamptz);
drop function private.tell_doubles(private.attempt_result[], timestamptz);
drop function private.tell_late_answer(uuid, smallint, text, timestamptz);
drop function private.reopen_attempt(public.publish_attempts, text, timestamptz);
drop function private.displace_attempt(public.publish_attempts, timestamptz);
drop function private.remove_found(uuid, timestamptz);
