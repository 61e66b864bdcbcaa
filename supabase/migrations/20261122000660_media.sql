-- Media: pictures and videos in object storage, and the posts that show them.
--
-- A row is made before the file: its client gets an upload URL. What was really uploaded is read from
-- object storage by us (type, size, dimensions) and recorded once; nobody's word is taken for it.
-- Deleted media stay as a row, which the API no longer shows: posts that were sent name them.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.media (
  id uuid primary key default private.uuid_v7(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  -- Who uploaded it.
  user_id uuid references public.users (id) on delete set null,
  file_name text not null,
  content_type text not null,
  bytes bigint not null,
  kind text not null,
  -- Known once the file was read.
  width int,
  height int,
  duration_ms int,
  alt_text text,
  status text not null default 'uploading',
  -- What is wrong with the file: {slug, detail, remedy}.
  rejection jsonb,
  -- Of the object that was read; another one under the same key is not what was checked.
  etag text,
  upload_expires_at timestamptz not null,
  -- When a worker looks for the file next; null once it is known, or gone.
  next_look_at timestamptz,
  version int not null default 1,
  created_at timestamptz not null default clock_timestamp(),
  ready_at timestamptz,
  constraint media_status_known check (status in ('uploading', 'ready', 'rejected', 'deleted')),
  constraint media_kind_known check (kind in ('image', 'gif', 'video')),
  constraint media_bytes_positive check (bytes > 0),
  constraint media_file_name_length check (char_length(file_name) between 1 and 255),
  constraint media_alt_text_length check (char_length(alt_text) between 1 and 1000),
  constraint media_looked_for_iff_uploading
    check ((next_look_at is not null) = (status = 'uploading')),
  constraint media_rejected_iff_rejection
    check ((rejection is not null) = (status = 'rejected') or status = 'deleted'),
  constraint media_ready_was_read
    check (status <> 'ready' or (ready_at is not null and etag is not null))
);

comment on table public.media is 'A picture or video of a workspace, in object storage.';
comment on column public.media.content_type is
  'As declared until the file was read, then what it is. The upload must carry the declared one.';

-- Serves: GET /media, newest first, and the policy.
create index media_workspace_id_id_idx on public.media (workspace_id, id desc);
-- Serves: the foreign key.
create index media_user_id_idx on public.media (user_id);
-- Serves: claim_media_looks and the tick.
create index media_next_look_at_idx on public.media (next_look_at) where next_look_at is not null;
-- Serves: the limit of uploads that were begun.
create index media_unfinished_idx on public.media (workspace_id) where status = 'uploading';

create table private.media_uses (
  media_id uuid not null references public.media (id) on delete cascade,
  post_id uuid not null,
  primary key (media_id, post_id)
);

comment on table private.media_uses is
  'Which posts show a medium, across all months. Kept by triggers on post_segments.';

-- Serves: the media of a post.
create index media_uses_post_id_idx on private.media_uses (post_id);

create table private.object_removals (
  object_key text primary key,
  next_try_at timestamptz not null default clock_timestamp(),
  -- Somebody may still upload to the key until then, so it is removed once more after that.
  last_try_at timestamptz not null
);

comment on table private.object_removals is 'Objects of deleted media, still to be removed from storage.';

-- Serves: claim_object_removals.
create index object_removals_next_try_at_idx on private.object_removals (next_try_at);

alter table public.media enable row level security;
alter table private.media_uses enable row level security;
alter table private.object_removals enable row level security;

grant select on public.media to authenticated, service_role;

create policy "members can read their workspace's media"
  on public.media for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

create function private.media_key(p_media public.media)
returns text
language sql
immutable
set search_path = ''
as $$
  select 'media/' || p_media.workspace_id || '/' || p_media.id;
$$;

comment on function private.media_key(public.media) is 'Where the object is kept in the bucket.';

-- A file may be on its way for as long after its URL has expired.
create function private.upload_ends_at(p_media public.media)
returns timestamptz
language sql
stable
set search_path = ''
as $$
  select p_media.upload_expires_at + interval '1 hour';
$$;

comment on function private.upload_ends_at(public.media) is
  'When the file of a medium can come no more.';

-- An object goes when its row does, whatever deletes the row.
create function private.tg_media__remove_object()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.object_removals (object_key, last_try_at)
  values (private.media_key(old), private.upload_ends_at(old))
  on conflict (object_key) do nothing;
  return null;
end
$$;

create trigger media_after_delete_remove_object
  after delete on public.media
  for each row execute function private.tg_media__remove_object();

create trigger media_after_update_remove_object
  after update of status on public.media
  for each row when (new.status in ('deleted', 'rejected') and old.status <> new.status)
  execute function private.tg_media__remove_object();

-- The other half of deleting: a medium that is being put into a post cannot vanish meanwhile.
create function private.tg_post_segments__use_media()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_unknown uuid;
begin
  if not exists (select from new_rows where media_ids <> '{}') then
    return null;
  end if;
  perform from public.media
  where id in (select unnest(media_ids) from new_rows)
  order by id
  for share;

  select used.media_id into v_unknown
  from new_rows
  cross join lateral unnest(new_rows.media_ids) as used (media_id)
  left join public.media
    on media.id = used.media_id
    and media.workspace_id = new_rows.workspace_id
    and media.status <> 'deleted'
  where media.id is null
  limit 1;
  if v_unknown is not null then
    perform private.refuse(422, 'media-unknown',
      format('The workspace of the account has no media %s.', v_unknown),
      'Upload it with POST /media, in the workspace of the account.');
  end if;

  insert into private.media_uses (media_id, post_id)
  select distinct used.media_id, new_rows.post_id
  from new_rows
  cross join lateral unnest(new_rows.media_ids) as used (media_id)
  on conflict do nothing;
  return null;
end
$$;

create trigger post_segments_after_insert_use_media
  after insert on public.post_segments
  referencing new table as new_rows
  for each statement execute function private.tg_post_segments__use_media();

create function private.tg_post_segments__free_media()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if not exists (select from old_rows where media_ids <> '{}') then
    return null;
  end if;
  delete from private.media_uses as uses
  where uses.post_id in (select post_id from old_rows where media_ids <> '{}')
    and not exists (
      select from public.post_segments as segments
      where segments.post_id = uses.post_id and uses.media_id = any (segments.media_ids)
    );
  return null;
end
$$;

create trigger post_segments_after_delete_free_media
  after delete on public.post_segments
  referencing old table as old_rows
  for each statement execute function private.tg_post_segments__free_media();

-- Nothing of the segments that are on the network already: they may be deleted here meanwhile.
create function private.unsent_media(p_post_id uuid)
returns setof uuid
language sql
stable
set search_path = ''
as $$
  select distinct used.media_id
  from public.post_segments as segments
  cross join lateral unnest(segments.media_ids) as used (media_id)
  where segments.post_id = p_post_id and segments.status <> 'published';
$$;

comment on function private.unsent_media(uuid) is
  'Media that the segments of a post which are still to be sent show.';

-- Why a post cannot be scheduled with the media it has; silent when it can.
create function private.require_media(p_post_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_media public.media;
begin
  -- A deletion that looks for posts to be sent has to wait for this one, or is seen here.
  perform from public.media
  where id in (select private.unsent_media(p_post_id))
  order by id
  for share;
  select media.* into v_media
  from public.media
  where id in (select private.unsent_media(p_post_id)) and status <> 'ready'
  order by id
  limit 1;

  if v_media.status = 'uploading' then
    perform private.refuse(409, 'media-not-ready',
      format('"%s" (%s) is not uploaded yet.', v_media.file_name, v_media.id),
      'PUT the file to its upload URL first, or make a new one with POST /media.');
  elsif v_media.status = 'rejected' then
    perform private.refuse(409, 'media-rejected',
      format('"%s" (%s): %s', v_media.file_name, v_media.id, v_media.rejection ->> 'detail'),
      v_media.rejection ->> 'remedy');
  elsif v_media.status = 'deleted' then
    perform private.refuse(422, 'media-unknown',
      format('"%s" (%s) was deleted.', v_media.file_name, v_media.id),
      'Take it out of the post with PATCH /posts/:id.');
  end if;
end
$$;

comment on function private.require_media(uuid) is
  'Refuses unless every medium that is still to be sent is uploaded and was found good.';

create function private.shown_media(p_workspace_id uuid, p_segments jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(media)), '[]')
  from public.media
  where media.workspace_id = p_workspace_id
    and media.status <> 'deleted'
    and media.id in (
      select used.id::uuid
      from jsonb_array_elements(p_segments) as items (segment)
      cross join lateral jsonb_array_elements_text(items.segment -> 'media_ids') as used (id)
    );
$$;

comment on function private.shown_media(uuid, jsonb) is
  'Media of the workspace that segments show; foreign, deleted and absent ones are missing.';

-- p_media: {file_name, content_type, bytes, kind, alt_text?, upload_seconds}
create function private.create_media(p_workspace_id uuid, p_media jsonb)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_media public.media;
begin
  perform private.require_role(p_workspace_id, 'editor');
  perform private.require_unsuspended(p_workspace_id);
  if 200 <= (
    select count(*)
    from public.media
    where workspace_id = p_workspace_id and status = 'uploading'
  ) then
    perform private.refuse(409, 'media-upload-limit',
      'The workspace has 200 uploads that were begun and not finished.',
      'Finish them, or delete them with DELETE /media/:id. GET /media notices the files that have come.');
  end if;
  insert into public.media (
    workspace_id, user_id, file_name, content_type, bytes, kind, alt_text, upload_expires_at,
    next_look_at
  )
  values (
    p_workspace_id, (select auth.uid()), p_media ->> 'file_name', p_media ->> 'content_type',
    (p_media ->> 'bytes')::bigint, p_media ->> 'kind', p_media ->> 'alt_text',
    clock_timestamp() + make_interval(secs => (p_media ->> 'upload_seconds')::int),
    clock_timestamp() + interval '1 minute'
  )
  returning * into v_media;
  return to_jsonb(v_media);
end
$$;

create function public.create_media(p_workspace_id uuid, p_media jsonb)
returns jsonb
language sql
set search_path = ''
as $$
  select private.create_media(coalesce(p_workspace_id, private.personal_workspace_id()), p_media);
$$;

comment on function public.create_media(uuid, jsonb) is
  'Makes room for a file ({file_name, content_type, bytes, kind, alt_text?, upload_seconds}) in a workspace (null: the personal one). Role editor.';

create function private.lock_media(p_media_id uuid, p_version int)
returns public.media
language plpgsql
set search_path = ''
as $$
declare
  v_media public.media;
begin
  select * into v_media from public.media where id = p_media_id and status <> 'deleted' for update;
  perform private.require_role(v_media.workspace_id, 'editor');
  perform private.require_version(v_media.version, p_version, 'media');
  return v_media;
end
$$;

comment on function private.lock_media(uuid, int) is
  'The media, locked, for an editor of its workspace; 404, 403 or 412 otherwise.';

create function private.delete_media(p_media_id uuid, p_version int)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_media public.media := private.lock_media(p_media_id, p_version);
  v_post_ids text;
begin
  perform private.require_role(v_media.workspace_id, 'editor');
  select string_agg(used.id::text, ', ') into v_post_ids
  from (
    select posts.id
    from private.media_uses as uses
    join public.posts on posts.id = uses.post_id
    where uses.media_id = p_media_id
      and (
        posts.status in ('pending_approval', 'scheduled', 'held', 'publishing', 'unconfirmed')
        or exists (select from private.publish_jobs as jobs where jobs.post_id = posts.id)
      )
    order by posts.id
    limit 10
  ) as used;
  if v_post_ids is not null then
    perform private.refuse(409, 'media-in-use',
      format('Posts that are still to be sent show it: %s.', v_post_ids),
      'Cancel them, or take it out of them with PATCH /posts/:id.');
  end if;

  update public.media
  set status = 'deleted', next_look_at = null, version = media.version + 1
  where id = p_media_id
  returning * into v_media;
  return to_jsonb(v_media);
end
$$;

create function public.delete_media(p_media_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.delete_media(p_media_id, p_version);
$$;

comment on function public.delete_media(uuid, int) is
  'Deletes a medium and its object; 409 naming the posts that are still to show it. Role editor.';

-- What we read from object storage ourselves. p_findings: {etag, bytes, content_type, kind, width,
-- height, duration_ms} or {rejection: {slug, detail, remedy}}. The first reading counts.
create function service.record_media(
  p_media_id uuid, p_findings jsonb, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_media public.media;
begin
  update public.media
  set
    status = case when p_findings ? 'rejection' then 'rejected' else 'ready' end,
    rejection = p_findings -> 'rejection',
    etag = p_findings ->> 'etag',
    bytes = coalesce((p_findings ->> 'bytes')::bigint, media.bytes),
    content_type = coalesce(p_findings ->> 'content_type', media.content_type),
    kind = coalesce(p_findings ->> 'kind', media.kind),
    width = (p_findings ->> 'width')::int,
    height = (p_findings ->> 'height')::int,
    duration_ms = (p_findings ->> 'duration_ms')::int,
    ready_at = case when p_findings ? 'rejection' then null else p_now end,
    next_look_at = null,
    version = media.version + 1
  where id = p_media_id and status = 'uploading';
  select * into v_media from public.media where id = p_media_id;
  return to_jsonb(v_media);
end
$$;

comment on function service.record_media(uuid, jsonb, timestamptz) is
  'Makes an uploaded medium ready, or rejects it. Returns the medium as it is then.';

-- Nobody says that a file has come. The lease of a look is its next time, about twice the age of the
-- medium: a look whose worker dies is simply made again.
create function service.claim_media_looks(
  p_limit int default 20, p_now timestamptz default clock_timestamp()
)
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  with due as (
    select id
    from public.media
    where next_look_at <= p_now
    order by next_look_at
    limit p_limit
    for update skip locked
  ), looked as (
    update public.media
    set next_look_at = p_now
      + least(greatest(p_now - media.created_at, interval '1 minute'), interval '1 hour')
    from due
    where media.id = due.id
    returning media.*
  )
  select coalesce(jsonb_agg(
    to_jsonb(looked) || jsonb_build_object(
      'looked_at', p_now, 'is_last_look', private.upload_ends_at(looked) <= p_now
    )
    order by looked.id
  ), '[]')
  from looked;
$$;

comment on function service.claim_media_looks(int, timestamptz) is
  'Media whose files are to be looked for in storage now: rows with looked_at, and is_last_look when nothing can come any more.';

-- Only after a look that began when nothing could come any more, and found nothing.
create function service.give_up_media(p_media_id uuid, p_looked_at timestamptz)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
begin
  update public.media
  set status = 'deleted', next_look_at = null, version = media.version + 1
  where id = p_media_id and status = 'uploading' and private.upload_ends_at(media) <= p_looked_at;
  return jsonb_build_object('given_up', found);
end
$$;

comment on function service.give_up_media(uuid, timestamptz) is
  'Deletes a medium whose file was not there when a look began at p_looked_at, and nothing could come any more.';

create function service.claim_object_removals(
  p_limit int default 50, p_now timestamptz default clock_timestamp()
)
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  with due as (
    select object_key
    from private.object_removals
    where next_try_at <= p_now
    order by next_try_at
    limit p_limit
    for update skip locked
  ), claimed as (
    -- The lease is the next time: a removal whose worker dies is simply made again.
    update private.object_removals as removals
    set next_try_at = p_now + interval '5 minutes'
    from due
    where removals.object_key = due.object_key
    returning removals.object_key
  )
  select coalesce(jsonb_agg(object_key), '[]') from claimed;
$$;

comment on function service.claim_object_removals(int, timestamptz) is
  'Objects to remove from storage now: [key].';

create function service.settle_object_removals(
  p_keys text[], p_now timestamptz default clock_timestamp()
)
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  with ended as (
    delete from private.object_removals
    where object_key = any (p_keys) and last_try_at <= p_now
    returning object_key
  ), again as (
    update private.object_removals
    set next_try_at = last_try_at
    where object_key = any (p_keys) and last_try_at > p_now
    returning object_key
  )
  select jsonb_build_object(
    'ended', (select count(*) from ended), 'again', (select count(*) from again)
  );
$$;

comment on function service.settle_object_removals(text[], timestamptz) is
  'These objects are gone; the ones that may still be uploaded are removed once more later.';

grant execute on function
  private.create_media(uuid, jsonb),
  private.delete_media(uuid, int),
  public.create_media(uuid, jsonb),
  public.delete_media(uuid, int)
to authenticated;
