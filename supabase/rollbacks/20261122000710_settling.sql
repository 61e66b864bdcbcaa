set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function service.settle(jsonb, uuid, uuid[], timestamptz);
drop function private.settle_results(private.attempt_result[], timestamptz);
drop function private.results_with(private.attempt_result[], text);
drop function private.record_late_answers(private.attempt_result[], timestamptz);
drop function private.apply_blocks(private.attempt_result[], timestamptz);
drop function private.settle_unknown(private.attempt_result[], timestamptz);
drop function private.settle_retries(private.attempt_result[], timestamptz);
drop function private.settle_refused(private.attempt_result[], timestamptz);
drop function private.emit_outcomes(uuid[]);
drop function private.close_attempts(private.attempt_result[], text, timestamptz);
drop function private.finish_posts(uuid[], timestamptz);
drop function private.settle_accepted(private.attempt_result[], timestamptz);
drop function private.continue_threads(uuid[], timestamptz);
drop type private.attempt_result;
