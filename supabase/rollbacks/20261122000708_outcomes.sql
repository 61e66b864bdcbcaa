set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.continue_threads(uuid[], interval, timestamptz);
drop function private.requeue_posts(private.attempt_result[], timestamptz);
drop function private.stop_posts(private.attempt_result[], timestamptz);
drop function private.newly_waiting(private.attempt_result[]);
drop function private.emit_outcomes(uuid[]);
drop function private.finish_posts(uuid[], timestamptz);
drop function private.segment_progress(uuid[]);
