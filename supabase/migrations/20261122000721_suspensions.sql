-- Suspensions: X tells that an account may not act. That is no fault of the post it was told for.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- The account is paused and its posts wait, each under its own late policy, until somebody resumes it.
-- The caller holds the lanes.
create function private.pause_suspended_accounts(
  p_results private.attempt_result[], p_now timestamptz
)
returns void
language sql
set search_path = ''
as $$
  with refused as (
    select distinct on (posts.account_id) posts.account_id, results.error
    from unnest(p_results) as results
    join public.posts on posts.id = results.post_id
    where results.outcome = 'retry' and results.error ->> 'slug' = 'account-suspended'
    order by posts.account_id
  ), free as (
    -- Others lock an account before its lane. One that somebody is changing is left to the next refusal.
    select accounts.id, refused.error
    from refused
    join public.accounts on accounts.id = refused.account_id
    where accounts.status = 'active'
    for no key update of accounts skip locked
  ), paused as (
    update public.accounts
    set
      status = 'paused', paused_at = p_now, status_detail = refused.error ->> 'detail',
      version = accounts.version + 1
    from free as refused
    where accounts.id = refused.id
    returning accounts.id, accounts.workspace_id, accounts.twitter_username, refused.error
  )
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  select
    paused.workspace_id, 'account.paused', 'account', paused.id,
    jsonb_build_object('account_id', paused.id, 'twitter_username', paused.twitter_username)
      || paused.error
  from paused;
$$;

comment on function private.pause_suspended_accounts(private.attempt_result[], timestamptz) is
  'Pauses accounts that X calls suspended or locked, with X''s words and an event.';
