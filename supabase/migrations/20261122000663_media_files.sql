-- Files: what workers find in object storage, and what they remove from it.
--
-- Nobody says that a file has come, or that it never will: it is looked for until nothing can come any more.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
