-- Media on their way to the network: shortly before a post that shows them is due.
--
-- An upload belongs to a medium and an account: the network lets only the uploading user post it.
-- A worker holds one under a lease (lease_id, and due_at as its end); what it has reached is saved as it
-- goes, so that a killed worker's successor continues at the first missing chunk. Nothing is doubled by
-- uploading twice. A job is not claimed before all its media are ready (publish_jobs.media_ready).

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.media_uploads (
  media_id uuid not null references public.media (id) on delete cascade,
  account_id uuid not null references public.accounts (id) on delete cascade,
  state text not null default 'waiting',
  remote_id text,
  -- Every earlier id of it on the network: a post sent with one may still be looked for.
  past_remote_ids text[] not null default '{}',
  -- When the network forgets it.
  expires_at timestamptz,
  -- The first chunk the network does not have.
  next_chunk int not null default 0,
  -- When a worker should act next; while one does, the end of its lease.
  due_at timestamptz not null default 'infinity',
  lease_id uuid,
  -- Tries in a row that failed.
  attempts int not null default 0,
  -- How often in a row the file was uploaded from the start because the network had lost or broken it.
  restarts int not null default 0,
  -- Why the last one failed: {slug, detail, who, remedy}.
  error jsonb,
  primary key (media_id, account_id),
  constraint media_uploads_state_known
    check (state in ('waiting', 'processing', 'describing', 'ready', 'failed')),
  constraint media_uploads_begun_has_remote_id
    check (state in ('waiting', 'failed') or (remote_id is not null and expires_at is not null)),
  constraint media_uploads_failed_has_error check (state <> 'failed' or error is not null)
);

comment on table private.media_uploads is
  'A medium on the network for one account: waiting or being uploaded, processing there, being described (alt text), ready, failed.';

-- Serves: claim_media_uploads and the tick.
create index media_uploads_due_at_idx on private.media_uploads (due_at) where due_at < 'infinity';
-- Serves: what is under way. A handful of rows for each worker.
create index media_uploads_lease_id_idx
  on private.media_uploads (lease_id) where lease_id is not null;
-- Serves: uploads the network will forget soon.
create index media_uploads_expires_at_idx
  on private.media_uploads (expires_at) where state = 'ready';
-- Serves: the foreign key, and an account that becomes active again.
create index media_uploads_account_id_idx on private.media_uploads (account_id);

alter table private.media_uploads enable row level security;

insert into private.doorbells (slug) values ('media');

-- Long enough for the network to process it, short enough that it does not forget it.
create function private.upload_lead(p_kind text)
returns interval
language sql
immutable
set search_path = ''
as $$
  select case p_kind when 'video' then interval '15 minutes' else interval '5 minutes' end;
$$;

comment on function private.upload_lead(text) is
  'How long before a post is due its media are uploaded.';

create function private.are_media_ready(
  p_post_id uuid, p_account_id uuid, p_run_at timestamptz, p_now timestamptz
)
returns boolean
language sql
stable
set search_path = ''
as $$
  select not exists (
    select
    from private.unsent_media(p_post_id) as unsent (media_id)
    left join private.media_uploads as uploads
      on uploads.media_id = unsent.media_id
      and uploads.account_id = p_account_id
      and uploads.state = 'ready'
      and uploads.expires_at > greatest(p_run_at, p_now) + interval '10 minutes'
    where uploads.media_id is null
  );
$$;

comment on function private.are_media_ready(uuid, uuid, timestamptz, timestamptz) is
  'Whether the network has every medium that a post is still to show, and will when it is sent.';

-- Uploads begin minutes before they are needed, so most posts with media wait for them: that alone
-- is no risk.
create function private.are_media_on_time(
  p_post_id uuid, p_account_id uuid, p_run_at timestamptz, p_now timestamptz
)
returns boolean
language sql
stable
set search_path = ''
as $$
  select p_run_at > p_now + interval '2 minutes' and not exists (
    select
    from private.unsent_media(p_post_id) as unsent (media_id)
    join private.media_uploads as uploads
      on uploads.media_id = unsent.media_id and uploads.account_id = p_account_id
    where uploads.attempts > 0 or uploads.state = 'failed'
  );
$$;

comment on function private.are_media_on_time(uuid, uuid, timestamptz, timestamptz) is
  'Whether media that are not on the network yet will be in time, as far as anybody can tell.';

-- The caller holds the locks of the lanes, and refreshes them. A post that may be sent at last has its turn again:
-- a worker that waits for a later post of the lane would send that one before it.
create function private.refresh_media_ready(p_post_ids uuid[], p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  with changed as (
    update private.publish_jobs as jobs
    set media_ready = not jobs.media_ready
    where jobs.post_id = any (p_post_ids)
      and jobs.state <> 'sending'
      and jobs.media_ready <> private.are_media_ready(
        jobs.post_id, jobs.account_id, jobs.run_at, p_now
      )
    returning jobs.account_id, jobs.run_at, jobs.media_ready
  )
  select private.reclaim_idle_lanes(array(
    select account_id from changed where media_ready and run_at <= p_now + interval '5 seconds'
  ));
$$;

comment on function private.refresh_media_ready(uuid[], timestamptz) is
  'Sets media_ready of queued posts to what is true now.';

-- Asks for the media of queued posts to be uploaded in time. What failed before is tried again: the
-- author asked for it by scheduling. The caller holds the locks of the lanes, and refreshes them.
create function private.prepare_media(
  p_post_ids uuid[], p_now timestamptz default clock_timestamp()
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_due_at timestamptz;
begin
  if not exists (select from private.media_uses where post_id = any (p_post_ids)) then
    -- It showed some before it was edited.
    if exists (
      select from private.publish_jobs where post_id = any (p_post_ids) and not media_ready
    ) then
      perform private.refresh_media_ready(p_post_ids, p_now);
    end if;
    return;
  end if;
  with wanted as (
    insert into private.media_uploads as uploads (media_id, account_id, due_at)
    select
      unsent.media_id, jobs.account_id, min(jobs.run_at - private.upload_lead(media.kind))
    from private.publish_jobs as jobs
    cross join lateral private.unsent_media(jobs.post_id) as unsent (media_id)
    join public.media on media.id = unsent.media_id
    where jobs.post_id = any (p_post_ids)
    group by unsent.media_id, jobs.account_id
    order by unsent.media_id, jobs.account_id
    on conflict (media_id, account_id) do update
    set
      state = case uploads.state when 'failed' then 'waiting' else uploads.state end,
      remote_id = case uploads.state when 'failed' then null else uploads.remote_id end,
      past_remote_ids = case uploads.state
        when 'failed' then array_append(uploads.past_remote_ids, uploads.remote_id)
        else uploads.past_remote_ids
      end,
      next_chunk = case uploads.state when 'failed' then 0 else uploads.next_chunk end,
      attempts = case uploads.state when 'failed' then 0 else uploads.attempts end,
      restarts = case uploads.state when 'failed' then 0 else uploads.restarts end,
      due_at = case
        when uploads.lease_id is not null then uploads.due_at
        when uploads.state = 'ready' and uploads.expires_at > excluded.due_at + interval '1 hour'
          then uploads.due_at
        else least(uploads.due_at, excluded.due_at)
      end
    returning uploads.due_at
  )
  select min(due_at) into v_due_at from wanted;

  perform private.refresh_media_ready(p_post_ids, p_now);
  if v_due_at <= p_now then
    perform private.ring('media');
  end if;
end
$$;

comment on function private.prepare_media(uuid[], timestamptz) is
  'Has the media of queued posts uploaded before they are due, and holds the posts back until then.';

-- What was ready may have been lost, or told to be forgotten, while a segment was being sent or looked for:
-- nobody had it uploaded again for a post without a job. The caller holds the locks of the lanes.
create function private.take_up_media(p_post_ids uuid[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.refresh_media_ready(p_post_ids, p_now);
  if exists (
    select from private.publish_jobs where post_id = any (p_post_ids) and not media_ready
  ) then
    perform private.prepare_media(array(
      select post_id from private.publish_jobs
      where post_id = any (p_post_ids) and not media_ready
    ), p_now);
  end if;
end
$$;

comment on function private.take_up_media(uuid[], timestamptz) is
  'Has media of posts that are queued again uploaded, where the network does not have them any more.';

-- Workers have seen a new state of an upload: posts that wait for it may go, or not any more.
create function private.follow_media(p_account_id uuid, p_media_id uuid, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.refresh_media_ready(array(
    select uses.post_id from private.media_uses as uses where uses.media_id = p_media_id
  ), p_now);
  perform private.refresh_lanes(array[p_account_id]);
  if exists (
    select from private.account_lanes
    where account_id = p_account_id and ready_at <= p_now + interval '5 seconds'
  ) then
    perform private.ring('publish');
  end if;
end
$$;

comment on function private.follow_media(uuid, uuid, timestamptz) is
  'After an upload changed: lets the posts that waited for it go. The caller holds the lane.';

-- The network refuses a medium for good: its author hears of it at once, not at the post's time.
create function private.fail_media_posts(
  p_account_id uuid, p_media_id uuid, p_error jsonb, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_post_ids uuid[];
begin
  with dropped as (
    delete from private.publish_jobs as jobs
    using private.media_uses as uses
    where uses.media_id = p_media_id
      and jobs.post_id = uses.post_id
      and jobs.account_id = p_account_id
      and jobs.state <> 'sending'
      and not jobs.media_ready
      and p_media_id in (select private.unsent_media(jobs.post_id))
    returning jobs.post_id
  )
  select coalesce(array_agg(post_id), '{}') into v_post_ids from dropped;

  update public.post_segments
  set status = 'failed'
  where post_id = any (v_post_ids) and status = 'pending' and media_ids @> array[p_media_id];
  update public.posts
  set
    status = case posts.status
      when 'scheduled' then 'failed'
      when 'publishing' then 'partially_published'
      else posts.status
    end,
    failure = p_error || jsonb_build_object(
      'media_id', p_media_id,
      'segment', (
        select min(segments.position)
        from public.post_segments as segments
        where segments.post_id = posts.id
          and segments.status = 'failed'
          and segments.media_ids @> array[p_media_id]
      )
    ),
    updated_at = p_now
  where posts.id = any (v_post_ids);
  perform private.emit_outcomes(v_post_ids);
end
$$;

comment on function private.fail_media_posts(uuid, uuid, jsonb, timestamptz) is
  'Ends the posts that wait for a medium the network refuses. The caller holds the lane.';

create function private.remote_media(p_media_ids uuid[], p_account_id uuid)
returns text[]
language sql
stable
set search_path = ''
as $$
  select array_agg(uploads.remote_id order by wanted.place)
  from unnest(p_media_ids) with ordinality as wanted (media_id, place)
  left join private.media_uploads as uploads
    on uploads.media_id = wanted.media_id and uploads.account_id = p_account_id;
$$;

comment on function private.remote_media(uuid[], uuid) is
  'Ids on the network of media an account uploaded, in the order asked; null for what it has not.';

-- What a look compares with: the network's key of a medium is made of its kind and one of these ids.
create function private.segment_media(p_post_id uuid, p_position smallint)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'kind', case media.kind when 'image' then 'photo' else media.kind end,
      'remote_ids', to_jsonb(array_remove(
        array_append(uploads.past_remote_ids, uploads.remote_id), null
      ))
    )
    order by used.place
  ), '[]')
  from public.post_segments as segments
  join public.posts on posts.id = segments.post_id
  cross join lateral unnest(segments.media_ids) with ordinality as used (media_id, place)
  join public.media on media.id = used.media_id
  left join private.media_uploads as uploads
    on uploads.media_id = used.media_id and uploads.account_id = posts.account_id
  where segments.post_id = p_post_id and segments.position = p_position;
$$;

comment on function private.segment_media(uuid, smallint) is
  'Media of a segment in order: [{kind: photo | gif | video, remote_ids: every id it ever had}].';
