set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.dequeue_post(public.posts);
drop function private.enqueue_posts(uuid[], timestamptz);
drop function private.admit_jobs(uuid[], timestamptz, timestamptz);
drop function private.patience_from(public.posts, timestamptz);
drop function private.stale_at(public.posts, timestamptz);
