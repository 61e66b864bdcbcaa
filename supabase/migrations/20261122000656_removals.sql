-- Removals: deleting on X what people unpublished.
--
-- It is a worker's errand: it needs the account's token, waits out rate windows and is safe to
-- repeat. The verb notes what is wanted; each segment says when it was gone. X lets an account
-- delete a number of posts in 15 minutes, so what claims take is counted before it is sent.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.removals (
  post_id uuid primary key,
  account_id uuid not null references public.accounts (id) on delete cascade,
  workspace_id uuid not null,
  -- When a worker tries next; while one does, the end of its lease.
  next_try_at timestamptz not null,
  try_count int not null default 0
);

comment on table private.removals is 'Posts that somebody wants deleted on X.';

-- Serves: the next removal that is due.
create index removals_next_try_at_idx on private.removals (next_try_at);
-- Serves: the foreign key.
create index removals_account_id_idx on private.removals (account_id);

create table private.removal_tries (
  id bigint generated always as identity primary key,
  account_id uuid not null references public.accounts (id) on delete cascade,
  claimed_at timestamptz not null,
  segments int not null,
  constraint removal_tries_not_empty check (segments > 0)
);

comment on table private.removal_tries is
  'How many deletions a claim may have asked of X for an account.';

-- Serves: the room an account has, and the foreign key.
create index removal_tries_account_id_claimed_at_idx
  on private.removal_tries (account_id, claimed_at);

alter table private.removals enable row level security;
alter table private.removal_tries enable row level security;

-- X's window is 15 minutes, and what a claim took may be sent until its lease of two has ended.
create function private.removal_window()
returns interval
language sql
immutable
set search_path = ''
as $$
  select interval '17 minutes';
$$;

comment on function private.removal_window() is
  'How long a claimed deletion counts against what X lets an account delete.';

create function private.removal_room(p_account_id uuid, p_now timestamptz)
returns table (capacity int, room int, opens_at timestamptz)
language sql
stable
set search_path = ''
as $$
  select
    apps.deletes_per_15_min,
    greatest(apps.deletes_per_15_min - coalesce(sum(tries.segments), 0), 0)::int,
    min(tries.claimed_at) + private.removal_window()
  from public.accounts
  join private.x_apps as apps on apps.id = accounts.x_app_id
  left join private.removal_tries as tries
    on tries.account_id = accounts.id and tries.claimed_at > p_now - private.removal_window()
  where accounts.id = p_account_id
  group by accounts.id, apps.deletes_per_15_min;
$$;

comment on function private.removal_room(uuid, timestamptz) is
  'How many posts of an account X would delete now, and when there will be more room (null: all of it is free).';

-- All of an account at once, so that a mass of them hides nobody else's and rings no function.
create function private.postpone_removals(p_now timestamptz)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_postponed int;
begin
  update private.removals
  set next_try_at = full_windows.opens_at
  from (
    select due.account_id, rooms.opens_at
    from (
      select distinct account_id from private.removals where next_try_at <= p_now
    ) as due
    cross join lateral private.removal_room(due.account_id, p_now) as rooms
    where rooms.room = 0
  ) as full_windows
  where removals.account_id = full_windows.account_id and removals.next_try_at <= p_now;
  get diagnostics v_postponed = row_count;
  return v_postponed;
end
$$;

comment on function private.postpone_removals(timestamptz) is
  'Has due removals of accounts without room wait for it. Returns how many.';

-- While publishing is held, or an account is to be read after a restore, nothing is deleted on X: what this
-- past calls ours may not be.
create function private.has_due_removals(p_now timestamptz)
returns boolean
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return exists (
    select from private.removals
    where removals.next_try_at <= p_now
      and not exists (
        select from private.account_lanes as lanes
        where lanes.account_id = removals.account_id and lanes.closed_by @> '{restored}'
      )
  ) and not private.is_publishing_held();
end
$$;

comment on function private.has_due_removals(timestamptz) is
  'Whether a claim may take a removal now.';

-- The lease of a try is its next time: one whose worker dies is made again, which is safe.
create function private.lease_removals(p_limit int, p_now timestamptz)
returns uuid[]
language sql
set search_path = ''
as $$
  with due as (
    select removals.post_id, accounts.status in ('active', 'paused') as has_tokens
    from private.removals
    join public.accounts on accounts.id = removals.account_id
    where removals.next_try_at <= p_now
      and not exists (
        select from private.account_lanes as lanes
        where lanes.account_id = removals.account_id and lanes.closed_by @> '{restored}'
      )
    order by removals.next_try_at
    limit p_limit
    for update of removals skip locked
  ), leased as (
    update private.removals
    set
      try_count = removals.try_count + due.has_tokens::int,
      next_try_at = p_now
        + case when due.has_tokens then interval '2 minutes' else interval '1 hour' end
    from due
    where removals.post_id = due.post_id
    returning removals.post_id, due.has_tokens
  )
  select coalesce(array_agg(post_id) filter (where has_tokens), '{}') from leased;
$$;

comment on function private.lease_removals(int, timestamptz) is
  'Takes due removals for two minutes; those of accounts without tokens wait for an hour.';

-- The last segment first: a reply whose parent is gone first would stand alone.
create function private.removable_segments(p_post_ids uuid[], p_now timestamptz)
returns table (
  post_id uuid, account_id uuid, workspace_id uuid, "position" smallint, remote_id text
)
language sql
stable
set search_path = ''
as $$
  select asked.post_id, asked.account_id, asked.workspace_id, asked.position, asked.remote_id
  from (
    select
      removals.post_id, removals.account_id, removals.workspace_id, segments.position,
      segments.remote_id,
      row_number() over (
        partition by removals.account_id order by removals.post_id, segments.position desc
      ) as place
    from private.removals
    join public.post_segments as segments on segments.post_id = removals.post_id
    where removals.post_id = any (p_post_ids)
      and segments.post_id = any (p_post_ids)
      and segments.status = 'published'
      and segments.removed_at is null
  ) as asked
  cross join lateral private.removal_room(asked.account_id, p_now) as rooms
  where asked.place <= rooms.room;
$$;

comment on function private.removable_segments(uuid[], timestamptz) is
  'Segments of leased removals that X would delete now.';

-- Claims take turns: what one takes has to be counted before the next looks at the room.
create function service.claim_removals(
  p_limit int default 10, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_postponed int;
  v_post_ids uuid[];
  v_removals jsonb;
begin
  if private.is_publishing_held()
    or not pg_try_advisory_xact_lock(hashtext('service.claim_removals')) then
    return jsonb_build_object('removals', '[]'::jsonb, 'postponed', 0);
  end if;
  v_postponed := private.postpone_removals(p_now);
  v_post_ids := private.lease_removals(p_limit, p_now);
  with segments as materialized (
    select * from private.removable_segments(v_post_ids, p_now)
  ), counted as (
    insert into private.removal_tries (account_id, claimed_at, segments)
    select account_id, p_now, count(*) from segments group by account_id
  ), forgotten as (
    delete from private.removal_tries
    where account_id in (select account_id from segments)
      and claimed_at <= p_now - private.removal_window()
  ), posts as (
    select
      post_id, account_id, workspace_id,
      jsonb_agg(
        jsonb_build_object('position', position, 'remote_id', remote_id) order by position desc
      ) as segments
    from segments
    group by post_id, account_id, workspace_id
  )
  select jsonb_agg(jsonb_build_object(
    'post_id', posts.post_id, 'account_id', posts.account_id, 'workspace_id', posts.workspace_id,
    'encrypted_tokens', tokens.encrypted_tokens, 'tokens_expire_at', tokens.expires_at,
    'tokens_version', tokens.version, 'segments', posts.segments
  ))
  into v_removals
  from posts
  join private.account_tokens as tokens on tokens.account_id = posts.account_id;
  return jsonb_build_object('removals', coalesce(v_removals, '[]'), 'postponed', v_postponed);
end
$$;

comment on function service.claim_removals(int, timestamptz) is
  'Posts to delete on X now, each leased for 2 minutes and no more than X lets their accounts delete: {removals: [{post_id, account_id, …tokens, segments: [{position, remote_id}]}], postponed}.';

-- What X says of a time holds for the account, or its app: nothing else of it is tried before.
create function private.retry_removal(
  p_post_id uuid, p_account_id uuid, p_retry_at timestamptz, p_now timestamptz
)
returns void
language sql
set search_path = ''
as $$
  update private.removals
  set next_try_at = coalesce(
    p_retry_at, p_now + least(interval '15 seconds' * 2 ^ least(try_count, 10), interval '15 minutes')
  )
  where post_id = p_post_id;
  update private.removals
  set next_try_at = p_retry_at
  where account_id = p_account_id and next_try_at < p_retry_at;
$$;

comment on function private.retry_removal(uuid, uuid, timestamptz, timestamptz) is
  'When a removal is tried again that X did not carry out.';

-- p_error null: the segment is gone. p_is_final: X will not delete it, so it is not tried again.
create function service.settle_removal(
  p_post_id uuid, p_position smallint, p_error jsonb default null,
  p_is_final boolean default false, p_retry_at timestamptz default null,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_post public.posts;
begin
  select * into v_post from public.posts where id = p_post_id;
  perform private.lock_lanes(array[v_post.account_id]);
  if p_error is null then
    update public.post_segments
    set removed_at = p_now
    where post_id = p_post_id and position = p_position and removed_at is null;
    if found then
      perform private.log_costs('delete', array[v_post.account_id], p_now);
    end if;
  elsif p_is_final then
    delete from private.removals where post_id = p_post_id;
  else
    perform private.retry_removal(p_post_id, v_post.account_id, p_retry_at, p_now);
  end if;

  update public.posts
  set
    failure = p_error || jsonb_build_object('segment', p_position),
    unpublished_at = case when not exists (
      select from public.post_segments
      where post_id = p_post_id and status = 'published' and removed_at is null
    ) then p_now end,
    version = posts.version + 1, updated_at = p_now
  where posts.id = p_post_id
    and posts.unpublish_requested_at is not null
    and posts.unpublished_at is null
  returning * into v_post;
  if v_post.unpublished_at is not null then
    delete from private.removals where post_id = p_post_id;
    perform private.emit_post_event(
      v_post, 'post.deleted', jsonb_build_object('unpublished_at', v_post.unpublished_at)
    );
  elsif p_is_final then
    perform private.emit_post_event(
      v_post, 'post.unpublish_failed', jsonb_build_object('failure', v_post.failure)
    );
  end if;
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.settle_removal(uuid, smallint, jsonb, boolean, timestamptz, timestamptz) is
  'What X said to the deletion of one segment. Safe to repeat.';
