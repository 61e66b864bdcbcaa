-- Claiming uploads: workers take what is due, fairly between workspaces, and of no account too much.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- When the network should have it: before the first post that waits for it. Null: none does.
create function private.upload_needed_at(p_media_id uuid, p_account_id uuid)
returns timestamptz
language plpgsql
stable
set search_path = ''
-- Asked for a thousand uploads at a time: to plan for all months of posts costs more than to look into one.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  return (
    select min(queued.run_at)
    from private.media_uses as uses
    -- With limits, so that no statistics have all jobs or segments of an account read for each medium.
    cross join lateral (
      select jobs.account_id, jobs.run_at
      from private.publish_jobs as jobs
      where jobs.post_id = uses.post_id
      limit 1
    ) as queued
    cross join lateral (
      select
      from public.post_segments as segments
      where segments.post_id = uses.post_id
        and segments.status <> 'published'
        and segments.media_ids @> array[p_media_id]
      limit 1
    ) as unsent
    where uses.media_id = p_media_id and queued.account_id = p_account_id
  );
end
$$;

comment on function private.upload_needed_at(uuid, uuid) is
  'The time of the first queued post of the account that is still to show the medium.';

create function private.upload_due_at(p_media_id uuid, p_account_id uuid)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce(
    private.upload_needed_at(p_media_id, p_account_id)
      - private.upload_lead((select kind from public.media where id = p_media_id)),
    'infinity'
  );
end
$$;

comment on function private.upload_due_at(uuid, uuid) is
  'When an upload should begin, by the posts that wait for it now; infinity when none does.';

-- What may be uploaded now and nobody holds. An account that may send nothing is left out, and so is an app of
-- which X takes nothing and names no end, but for the account that tries. An end that is known is that of a
-- window for posts: their media should be there when it comes.
create function private.due_uploads(p_most int, p_now timestamptz)
returns table (
  media_id uuid, account_id uuid, workspace_id uuid, due_at timestamptz, is_video boolean, bytes bigint
)
language sql
stable
set search_path = ''
as $$
  select
    uploads.media_id, uploads.account_id, lanes.workspace_id, uploads.due_at, media.kind = 'video',
    media.bytes
  from private.media_uploads as uploads
  join public.media on media.id = uploads.media_id
  join private.account_lanes as lanes on lanes.account_id = uploads.account_id
  join private.x_apps as apps on apps.id = lanes.x_app_id
  where uploads.due_at <= p_now
    and uploads.state <> 'ready'
    and not lanes.closed_by && '{account, suspended, workspace}'
    and (apps.breaker_open_until < 'infinity' or apps.probe_account_id = uploads.account_id)
  order by uploads.due_at
  limit p_most;
$$;

comment on function private.due_uploads(int, timestamptz) is
  'Uploads a worker may take, those that have been due longest.';

create function private.running_uploads(p_now timestamptz)
returns table (account_id uuid, workspace_id uuid, is_video boolean)
language sql
stable
set search_path = ''
as $$
  select uploads.account_id, lanes.workspace_id, media.kind = 'video'
  from private.media_uploads as uploads
  join public.media on media.id = uploads.media_id
  join private.account_lanes as lanes on lanes.account_id = uploads.account_id
  where uploads.lease_id is not null and uploads.due_at > p_now;
$$;

comment on function private.running_uploads(timestamptz) is 'Uploads that workers hold.';

-- Turns count what is under way, too: a worker asks for one upload whenever one is done, and whoever has
-- the oldest would be given every one. An account that hangs holds no more than p_per_account places.
create function private.fair_uploads(p_per_account int, p_now timestamptz)
returns table (media_id uuid, account_id uuid, is_video boolean, bytes bigint)
language sql
stable
set search_path = ''
as $$
  with running as materialized (
    select * from private.running_uploads(p_now)
  ), placed as (
    select due.*, row_number() over (
      partition by due.account_id order by due.is_video, due.due_at, due.media_id
    ) as place
    from private.due_uploads(10000, p_now) as due
  ), turned as (
    select placed.*, coalesce(theirs.count, 0) + row_number() over (
      partition by placed.workspace_id order by placed.is_video, placed.due_at, placed.media_id
    ) as turn
    from placed
    left join (select account_id, count(*) from running group by account_id) as own using (account_id)
    left join (
      select workspace_id, count(*) from running group by workspace_id
    ) as theirs using (workspace_id)
    where placed.place + coalesce(own.count, 0) <= p_per_account
  )
  select turned.media_id, turned.account_id, turned.is_video, turned.bytes
  from turned
  order by
    -- Pictures are quick, and would wait behind videos; but there is always another picture.
    turned.is_video
      and not exists (select from running where running.is_video)
      and row_number() over (partition by turned.is_video order by turned.turn, turned.due_at) = 1
      desc,
    turned.turn, turned.is_video, turned.due_at, turned.media_id;
$$;

comment on function private.fair_uploads(int, timestamptz) is
  'Due uploads in the order of their turns: every workspace has its first before any has its second, pictures before videos; a video is first when none is under way.';

-- Nobody waits for it any more, or not yet. Judged by a snapshot of its own: whoever wants it earlier has
-- committed, and is seen, or waits for the lock, and has the last word.
create function private.postpone_upload(p_media_id uuid, p_account_id uuid, p_now timestamptz)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_due_at timestamptz := private.upload_due_at(p_media_id, p_account_id);
begin
  if v_due_at <= p_now then
    return false;
  end if;
  update private.media_uploads
  set due_at = v_due_at, lease_id = null
  where media_id = p_media_id and account_id = p_account_id;
  return true;
end
$$;

comment on function private.postpone_upload(uuid, uuid, timestamptz) is
  'Puts off an upload that no post needs now; false when one does. The caller holds its lock.';

-- Whoever is next waits for room, and holds up those behind him: small files would keep a large one waiting for ever.
create function private.take_uploads(
  p_limit int, p_room bigint, p_most bigint, p_lease interval, p_now timestamptz
)
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  v_due record;
  v_room bigint := p_room;
  v_lease_ids uuid[] := '{}';
begin
  for v_due in
    select fair.media_id, fair.account_id, least(fair.bytes, p_most) as held
    from private.fair_uploads(4, p_now) as fair
  loop
    exit when cardinality(v_lease_ids) >= p_limit;
    perform from private.media_uploads
    where media_id = v_due.media_id
      and account_id = v_due.account_id
      and due_at <= p_now
      and state <> 'ready'
    for update skip locked;
    continue when not found
      or private.postpone_upload(v_due.media_id, v_due.account_id, p_now);
    v_room := v_room - v_due.held;
    exit when v_room < 0;
    v_lease_ids := v_lease_ids || gen_random_uuid();
    update private.media_uploads
    set lease_id = v_lease_ids[cardinality(v_lease_ids)], due_at = p_now + p_lease
    where media_id = v_due.media_id and account_id = v_due.account_id;
  end loop;
  return v_lease_ids;
end
$$;

comment on function private.take_uploads(int, bigint, bigint, interval, timestamptz) is
  'The claim itself: leases uploads in fair order, as far as p_room goes. Returns the leases.';

-- p_room: bytes of memory the worker has left; p_most: what it holds of a large file at most.
create function service.claim_media_uploads(
  p_limit int default 1, p_room bigint default 1073741824, p_most bigint default 1073741824,
  p_lease interval default interval '60 seconds', p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_lease_ids uuid[];
begin
  if private.is_publishing_held() then
    return '[]';
  end if;
  -- One after the other: two that count together would both give an account its last places.
  perform pg_advisory_xact_lock(hashtext('private.take_uploads'));
  v_lease_ids := private.take_uploads(p_limit, p_room, p_most, p_lease, p_now);
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'media_id', uploads.media_id, 'account_id', uploads.account_id,
      'lease_id', uploads.lease_id, 'state', uploads.state, 'remote_id', uploads.remote_id,
      'next_chunk', uploads.next_chunk, 'restarts', uploads.restarts,
      'object_key', private.media_key(media), 'etag', media.etag, 'kind', media.kind,
      'content_type', media.content_type, 'bytes', media.bytes, 'alt_text', media.alt_text,
      'workspace_id', accounts.workspace_id, 'x_app_id', accounts.x_app_id,
      'encrypted_tokens', tokens.encrypted_tokens,
      'tokens_expire_at', tokens.expires_at, 'tokens_version', tokens.version
    )), '[]')
    from private.media_uploads as uploads
    join public.media on media.id = uploads.media_id
    join public.accounts on accounts.id = uploads.account_id
    join private.account_tokens as tokens on tokens.account_id = uploads.account_id
    where uploads.lease_id = any (v_lease_ids)
  );
end
$$;

comment on function service.claim_media_uploads(int, bigint, bigint, interval, timestamptz) is
  'Uploads to work on now, fairly between workspaces and as many as memory has room for, each under a lease of its own.';

-- Its account or workspace may send nothing, and wakes it when it may again (private.wake_uploads); or nobody
-- needs it. Those of apps that X refuses stay due, and would keep the others from being looked at.
create function private.postpone_uploads(p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_due private.media_uploads[];
begin
  with locked as (
    select uploads.*
    from private.media_uploads as uploads
    join private.account_lanes as lanes on lanes.account_id = uploads.account_id
    join private.x_apps as apps on apps.id = lanes.x_app_id
    where uploads.due_at <= p_now and apps.breaker_open_until < 'infinity'
    order by uploads.due_at
    limit 1000
    for update of uploads skip locked
  )
  select array_agg(row(locked.*)::private.media_uploads) into v_due from locked;

  -- A snapshot of its own: see postpone_upload.
  update private.media_uploads as uploads
  set due_at = judged.due_at, lease_id = null
  from (
    select
      due.media_id, due.account_id,
      case
        when lanes.closed_by && '{account, suspended, workspace}' then 'infinity'
        else private.upload_due_at(due.media_id, due.account_id)
      end as due_at
    from unnest(v_due) as due
    join private.account_lanes as lanes on lanes.account_id = due.account_id
  ) as judged
  where uploads.media_id = judged.media_id
    and uploads.account_id = judged.account_id
    and judged.due_at > p_now;
end
$$;

comment on function private.postpone_uploads(timestamptz) is
  'Puts off due uploads that no post needs now, or that may not go; those that have been due longest first.';
