set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.emit_post_event(public.posts, text, jsonb);
drop function private.broadcast_version(public.posts, text);
