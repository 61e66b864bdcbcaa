set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.review_post(jsonb);
drop function private.review_post(jsonb, timestamptz);
drop function private.review_notices(
  public.accounts, public.posts, jsonb, timestamptz, boolean, timestamptz
);
drop function private.list_media_warnings(public.accounts, jsonb, timestamptz, timestamptz);
drop function private.list_account_warnings(public.accounts, timestamptz);
drop function private.list_same_text_warnings(public.accounts, jsonb, uuid, timestamptz);
