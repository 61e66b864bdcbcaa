-- What stands in the way of a post, and how verbs refuse it.
--
-- Scheduling and validation read the same list, so that neither promises what the other refuses.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- What stands in the way of a post (problem) or may surprise its author (warning). Status: with
-- which a verb that would run into it is refused; null for a warning.
create type private.notice as (
  status int,
  -- RFC 6901, into the body that brought the post.
  pointer text,
  slug text,
  detail text,
  remedy text
);

create function private.require_unsuspended(p_workspace_id uuid)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_reason text;
begin
  select suspended_reason into v_reason from public.workspaces where id = p_workspace_id;
  if v_reason is not null then
    perform private.refuse(403, 'workspace-suspended',
      format('The workspace is suspended: %s', v_reason),
      'Ask the operator of this service. Posts can still be canceled and unpublished.');
  end if;
end
$$;

comment on function private.require_unsuspended(uuid) is
  'Refuses with 403 while the operator''s kill switch holds the workspace.';

create function private.require_settled(p_post public.posts)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_post.status = 'publishing' then
    perform private.refuse(409, 'post-in-flight', 'The post is being sent right now.',
      'Read it again in a few seconds.');
  elsif p_post.status = 'unconfirmed' then
    perform private.refuse(409, 'outcome-unknown',
      'Whether X took this post is still being found out; sending it again could double it.',
      'Wait for the reconciler, or settle it with POST /posts/:id/resolve.');
  end if;
end
$$;

comment on function private.require_settled(public.posts) is
  'Refuses with 409 while the outcome of a post is open.';

-- What a schedule is refused for, the gravest first. The same list is what validation shows.
create function private.list_problems(
  p_account public.accounts, p_segment_count int, p_scheduled_at timestamptz, p_now timestamptz
)
returns setof private.notice
language sql
stable
set search_path = ''
as $$
  select
    403, '/account_id', 'workspace-suspended',
    format('The workspace is suspended: %s', workspaces.suspended_reason),
    'Ask the operator of this service.'
  from public.workspaces
  where workspaces.id = p_account.workspace_id and workspaces.suspended_at is not null
  union all
  select
    409, '/account_id', 'account-not-connected', 'The account is disconnected.',
    'Connect the account again, then schedule the post.'
  where p_account.status = 'disconnected'
  union all
  select
    422, '/scheduled_at', 'scheduled-in-past', 'scheduled_at lies in the past.',
    'Send a later time, or "now".'
  where p_scheduled_at < p_now - interval '1 minute'
  union all
  select
    409, '/segments/1', 'self-reply-unavailable',
    'X does not let this account reply to itself through this app, so a thread would stop after its first segment.',
    'Send it as one segment, or set can_self_reply of the account to true to try again.'
  where p_segment_count > 1 and not p_account.can_self_reply;
$$;

comment on function private.list_problems(public.accounts, int, timestamptz, timestamptz) is
  'Why a post of so many segments cannot be scheduled for that time; no rows when it can.';

create function private.refuse_first(p_problems private.notice[])
returns void
language sql
set search_path = ''
as $$
  select private.refuse(
    p_problems[1].status, p_problems[1].slug, p_problems[1].detail, p_problems[1].remedy
  )
  where cardinality(p_problems) > 0;
$$;

comment on function private.refuse_first(private.notice[]) is
  'Refuses naming the first problem; does nothing when there is none.';

create function private.problems_of(
  p_post public.posts, p_scheduled_at timestamptz, p_now timestamptz
)
returns private.notice[]
language sql
stable
set search_path = ''
as $$
  select array(
    select problems
    from public.accounts
    cross join lateral private.list_problems(
      accounts,
      (select count(*)::int from public.post_segments where post_id = p_post.id),
      p_scheduled_at, p_now
    ) as problems
    where accounts.id = p_post.account_id
  );
$$;

comment on function private.problems_of(public.posts, timestamptz, timestamptz) is
  'What stands in the way of scheduling a post as it is now.';
