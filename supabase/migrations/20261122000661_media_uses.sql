-- Uses of media: which posts show which, and what keeps a post from being sent with them.
--
-- Segments name their media in an array, which no foreign key can guard. Triggers and locks do: nothing
-- is deleted while a post is still to show it.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.media_uses (
  media_id uuid not null references public.media (id) on delete cascade,
  post_id uuid not null,
  primary key (media_id, post_id)
);

comment on table private.media_uses is
  'Which posts show a medium, across all months. Kept by triggers on post_segments.';

-- Serves: the media of a post.
create index media_uses_post_id_idx on private.media_uses (post_id);

alter table private.media_uses enable row level security;

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
