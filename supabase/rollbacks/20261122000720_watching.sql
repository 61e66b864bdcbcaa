set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.tick(timestamptz);
drop function service.ring_publish();
drop function service.leave_worker(uuid);
drop function private.missing_workers(int, int, timestamptz);
drop function private.resume_publishing();
drop function private.watch_incarnation(timestamptz);
drop function private.apply_late_policy(int, timestamptz);
drop function public.resolve_post(uuid, text, int);
drop function private.resolve_post(uuid, text, int, timestamptz);
drop function service.settle_looks(jsonb, timestamptz);
drop function private.give_up_absent(uuid[], timestamptz);
drop function service.claim_looks(int, timestamptz);
drop function private.next_look_after(int);
drop function private.rescue_attempts(int, timestamptz);
