set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.watch_posts(timestamptz);
drop function private.clear_late_alerts(timestamptz);
drop function private.park_threads(int, timestamptz);
drop function private.apply_late_policy(int, timestamptz);
drop function private.judge_late_posts_safely(uuid[], timestamptz);
drop function private.judge_late_posts(uuid[], timestamptz);
