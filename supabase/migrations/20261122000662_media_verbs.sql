-- What callers do with media: make room for a file, and delete it.
--
-- What a post is still to show stays. Uploads that were begun and not finished are limited: each of them
-- is looked for until its file can come no more.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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

grant execute on function
  private.create_media(uuid, jsonb),
  private.delete_media(uuid, int),
  public.create_media(uuid, jsonb),
  public.delete_media(uuid, int)
to authenticated;
