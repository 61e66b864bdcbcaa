-- What events of X change: a deletion there, a mention, a withdrawn consent. (A post that appears
-- there is a look; see 0722.)
--
-- Each function ends the receipt's lease in its own transaction, so what it changes happens once.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- The webhook is the deployment's, and so are the accounts it speaks of: accounts connected through
-- customers' apps are looked after by polling.
create function private.inbound_account(p_remote_user_id text)
returns public.accounts
language sql
stable
set search_path = ''
as $$
  select accounts.*
  from public.accounts
  join private.x_apps as apps on apps.id = accounts.x_app_id and apps.workspace_id is null
  where accounts.network = 'x'
    and accounts.remote_user_id = p_remote_user_id
    and accounts.status <> 'disconnected';
$$;

comment on function private.inbound_account(text) is
  'The account connected through the deployment''s X app that is this user of X.';

create function private.may_become_ours(p_remote_user_id text)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (
    select
    from public.accounts
    where accounts.network = 'x'
      and accounts.remote_user_id = p_remote_user_id
      and exists (
        select from private.live_attempts as live where live.account_id = accounts.id
        union all
        select from private.given_up_attempts as given where given.account_id = accounts.id
      )
  );
$$;

comment on function private.may_become_ours(text) is
  'True while this user of X has attempts whose outcome is open: a post nobody knows may be one of them.';

-- Most posts of X are nobody's attempt, so those of a whole batch are passed by in one statement. One
-- that came before our own worker could say what it sent stays open, and is looked at.
-- p_posts: [{receipt_id, lease_id, remote_user_id, remote_id}].
create function service.pass_by_posts(
  p_posts jsonb, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_open uuid[];
  v_told uuid[];
begin
  with judged as materialized (
    select
      sent.receipt_id,
      sent.lease_id,
      sent.remote_user_id,
      case
        when remote.remote_id is not null then 'applied'
        when not private.may_become_ours(sent.remote_user_id) then 'ignored'
      end as outcome,
      case when remote.remote_id is not null then 'ours already' end as detail
    from jsonb_to_recordset(p_posts) as sent (
      receipt_id uuid, lease_id uuid, remote_user_id text, remote_id text
    )
    left join private.remote_posts as remote
      on remote.network = 'x' and remote.remote_id = sent.remote_id
  ), ended as (
    update private.inbound_events as events
    set run_at = 'infinity', lease_id = null
    from judged
    where events.receipt_id = judged.receipt_id
      and events.lease_id = judged.lease_id
      and judged.outcome is not null
    returning events.receipt_id
  ), noted as (
    update private.inbound_receipts as receipts
    set outcome = judged.outcome, detail = judged.detail, processed_at = p_now
    from judged
    join ended on ended.receipt_id = judged.receipt_id
    where receipts.id = judged.receipt_id
  )
  select
    array_agg(judged.receipt_id) filter (where judged.outcome is null),
    array_agg((private.inbound_account(judged.remote_user_id)).id)
      filter (where ended.receipt_id is not null)
  into v_open, v_told
  from judged
  left join ended using (receipt_id);
  perform private.log_events(v_told, p_now);

  return jsonb_build_object('open', to_jsonb(coalesce(v_open, '{}')));
end
$$;

comment on function service.pass_by_posts(jsonb, timestamptz) is
  'Ends the receipts of posts on X that are ours already or nobody''s. {open} names those that may be an open attempt.';

-- That the owner deleted it on X counts as asking for it.
create function private.note_removed(
  p_post_id uuid, p_position smallint, p_remote_id text, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_post public.posts;
begin
  update public.post_segments
  set removed_at = p_now
  where post_id = p_post_id and position = p_position and removed_at is null;
  if not found then
    return;
  end if;
  delete from private.metric_schedules where post_id = p_post_id and position = p_position;

  update public.posts
  set
    unpublish_requested_at = coalesce(posts.unpublish_requested_at, p_now),
    unpublished_at = p_now, failure = null, version = posts.version + 1, updated_at = p_now
  where posts.id = p_post_id
    and posts.status in ('published', 'partially_published')
    and posts.unpublished_at is null
    and not exists (
      select from public.post_segments as segments
      where segments.post_id = p_post_id
        and segments.status = 'published'
        and segments.removed_at is null
    )
  returning * into v_post;
  if found then
    delete from private.removals where post_id = p_post_id;
    perform private.dequeue_post(v_post);
    perform private.emit_post_event(
      v_post, 'post.deleted', jsonb_build_object('unpublished_at', v_post.unpublished_at)
    );
  else
    select * into v_post from public.posts where id = p_post_id;
    perform private.emit_post_event(
      v_post, 'post.segment_deleted',
      jsonb_build_object('segment', p_position, 'remote_id', p_remote_id)
    );
  end if;
end
$$;

comment on function private.note_removed(uuid, smallint, text, timestamptz) is
  'A segment is not on X any more; with the last of them its post is unpublished. Safe to repeat.';

create function service.take_deletion(
  p_receipt_id uuid, p_lease_id uuid, p_remote_user_id text, p_remote_id text,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_place record;
begin
  select remote.post_id, remote.position, posts.account_id
  into v_place
  from private.remote_posts as remote
  join public.posts on posts.id = remote.post_id
  join public.accounts on accounts.id = posts.account_id
  where remote.network = 'x'
    and remote.remote_id = p_remote_id
    and accounts.remote_user_id = p_remote_user_id;

  if found then
    perform private.lock_lanes(array[v_place.account_id]);
    if private.finish_receipt(p_receipt_id, p_lease_id, 'applied', null, p_now) then
      perform private.note_removed(v_place.post_id, v_place.position, p_remote_id, p_now);
    end if;
  elsif private.may_become_ours(p_remote_user_id) then
    perform private.postpone_receipt(p_receipt_id, p_lease_id, null, p_now);
  else
    perform private.finish_receipt(p_receipt_id, p_lease_id, 'ignored', null, p_now);
  end if;
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.take_deletion(uuid, uuid, text, text, timestamptz) is
  'A post was deleted on X. One that may yet turn out to be ours is asked about again.';

-- p_mention: {remote_id, author_id, author_username, text, created_at}, as X says it.
create function service.take_mention(
  p_receipt_id uuid, p_lease_id uuid, p_remote_user_id text, p_mention jsonb,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_account public.accounts := private.inbound_account(p_remote_user_id);
begin
  if private.finish_receipt(
    p_receipt_id, p_lease_id,
    case when v_account.id is null then 'ignored' else 'applied' end, null, p_now
  ) then
    perform private.log_events(array[v_account.id], p_now);
    insert into public.events (workspace_id, type, subject_type, subject_id, data)
    select
      v_account.workspace_id, 'mention.received', 'account', v_account.id,
      p_mention || jsonb_build_object(
        'account_id', v_account.id, 'twitter_username', v_account.twitter_username
      )
    where v_account.id is not null;
  end if;
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.take_mention(uuid, uuid, text, jsonb, timestamptz) is
  'Somebody mentioned an account; says so with mention.received.';

-- Whoever connected again after withdrawing consent keeps the newer connection, however late the
-- event comes. Its schedule waits, as for every account that needs its owner.
create function service.take_revocation(
  p_receipt_id uuid, p_lease_id uuid, p_remote_user_id text, p_revoked_at timestamptz,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_account public.accounts;
  v_detail text := 'Its owner withdrew the app''s access on X.';
begin
  select * into v_account from public.accounts
  where id = (private.inbound_account(p_remote_user_id)).id
    and connected_at <= coalesce(p_revoked_at, p_now)
  for no key update;

  if private.finish_receipt(
    p_receipt_id, p_lease_id,
    case when v_account.id is null then 'ignored' else 'applied' end, null, p_now
  ) and v_account.id is not null then
    update public.accounts
    set status = 'needs_reauth', status_detail = v_detail, version = accounts.version + 1
    where id = v_account.id;
    delete from private.account_tokens where account_id = v_account.id;
    insert into public.events (workspace_id, type, subject_type, subject_id, data)
    values (
      v_account.workspace_id, 'account.needs_reauth', 'account', v_account.id,
      jsonb_build_object(
        'account_id', v_account.id, 'twitter_username', v_account.twitter_username,
        'detail', v_detail
      )
    );
  end if;
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.take_revocation(uuid, uuid, text, timestamptz, timestamptz) is
  'A user of X withdrew the app''s access: the account needs its owner, its tokens are destroyed.';

create function service.ring_inbound()
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  select to_jsonb(private.ring('inbound'));
$$;

comment on function service.ring_inbound() is 'A worker leaves the rest of a crowd to its successor.';

-- The worker that received an event processes it; what it left is taken 2 s later.
create function private.inbound_tick(p_now timestamptz default clock_timestamp())
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  perform private.note_awake(p_now);
  if exists (
    select from private.inbound_events
    where run_at <= p_now - interval '2 seconds' and run_at < 'infinity'
  ) or private.are_subscriptions_due(p_now) then
    return private.ring('inbound', 1, p_now);
  end if;
  return false;
end
$$;

comment on function private.inbound_tick(timestamptz) is
  'The heartbeat of inbound: rings when events wait or subscriptions are to be changed.';
