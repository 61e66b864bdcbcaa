-- Media: pictures and videos in object storage.
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
