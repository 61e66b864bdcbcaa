set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.list_posts(uuid, jsonb, uuid, int);
drop function public.get_post(uuid);
drop function private.post_document(public.posts);
drop function private.unconfirmed_document(uuid);
drop function public.segments(public.posts);
drop table public.post_segments;
drop table public.posts;
drop function private.tg_posts__refuse_transition();
drop table private.post_transitions;
delete from private.partition_policies where parent = 'public.post_segments';
delete from private.partition_policies where parent = 'public.posts';
