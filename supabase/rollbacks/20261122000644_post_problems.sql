set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.problems_of(public.posts, timestamptz, timestamptz);
drop function private.refuse_first(private.notice[]);
drop function private.list_problems(public.accounts, int, timestamptz, timestamptz);
drop function private.require_settled(public.posts);
drop function private.require_unsuspended(uuid);
drop type private.notice;
