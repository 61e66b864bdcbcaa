set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.require_same_again(public.posts, jsonb);
drop function private.count_published(public.posts, jsonb);
drop function private.join_segments(jsonb);
drop function private.write_segments(public.posts, jsonb, int);
drop function private.has_url(text, boolean);
drop function private.read_segments(jsonb);
