-- What callers do with what posts say: create, update, duplicate. (Their times are the next file; what is
-- peculiar to threads and to posts that are on X is the one after.)
--
-- Each verb is one definer that asserts the caller's role, locks lane, post and job in that order,
-- changes state and writes the event. Content can change until Go reads it; after that it is 409.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Definer: callers hold no lock rights on posts, and no rights at all on lanes.
create function private.lock_post(p_post_id uuid, p_role text, p_version int)
returns public.posts
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_post public.posts;
begin
  select * into v_post from public.posts where id = p_post_id;
  perform private.require_role(v_post.workspace_id, p_role);

  perform private.lock_lanes(array[v_post.account_id]);
  select * into v_post from public.posts where id = p_post_id for update;
  perform private.require_version(v_post.version, p_version, 'post');
  return v_post;
end
$$;

comment on function private.lock_post(uuid, text, int) is
  'The post, locked after its lane, when the caller holds p_role; 404, 403 or 412 otherwise.';

-- p_post: {account_id, segments: [text | {text, media_ids, has_url}], scheduled_at?, metadata?, late_policy?,
-- late_after_seconds?}
create function private.create_post(
  p_post jsonb, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_account public.accounts := private.require_account((p_post ->> 'account_id')::uuid, 'editor');
  v_post public.posts;
begin
  perform private.require_unsuspended(v_account.workspace_id);
  perform private.lock_lanes(array[v_account.id]);
  insert into public.posts (
    id, workspace_id, account_id, user_id, content, metadata, late_policy, late_after,
    created_at, updated_at
  )
  values (
    private.uuid_v7(p_now), v_account.workspace_id, v_account.id, (select auth.uid()),
    private.join_segments(p_post -> 'segments'),
    coalesce(p_post -> 'metadata', '{}'),
    coalesce(p_post ->> 'late_policy', 'hold'),
    make_interval(secs => coalesce((p_post ->> 'late_after_seconds')::int, 3600)),
    p_now, p_now
  )
  returning * into v_post;
  perform private.write_segments(v_post, p_post -> 'segments');
  perform private.emit_post_event(v_post, 'post.created');

  if p_post ->> 'scheduled_at' is not null then
    v_post := private.set_schedule(v_post, (p_post ->> 'scheduled_at')::timestamptz, p_now);
  end if;
  return private.post_document(v_post);
end
$$;

create function private.require_editable(p_post public.posts)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.require_unsuspended(p_post.workspace_id);
  if p_post.status = 'publishing' then
    perform private.refuse(409, 'post-not-editable', 'A publishing post cannot be edited.',
      'Read it again in a few seconds: what X has not taken can be edited then.');
  elsif p_post.unpublish_requested_at is not null or p_post.status not in (
    'draft', 'pending_approval', 'scheduled', 'held', 'missed', 'failed', 'partially_published'
  ) then
    perform private.refuse(409, 'post-not-editable',
      format('A %s post cannot be edited.', p_post.status), 'Duplicate it and edit the copy.');
  end if;
end
$$;

comment on function private.require_editable(public.posts) is
  'Refuses with 409 to change what is being sent, may be on X, or came to its end.';

-- p_changes may hold segments, metadata, late_policy, late_after_seconds.
create function private.update_post(
  p_post_id uuid, p_changes jsonb, p_version int, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_post public.posts := private.lock_post(p_post_id, 'editor', p_version);
  -- A thread that waits for its account has begun, and its rest goes out by itself.
  v_is_queued boolean := exists (select from private.publish_jobs where post_id = p_post_id);
  v_patience_from timestamptz := private.patience_from(v_post, p_now);
begin
  perform private.require_editable(v_post);
  if p_changes ? 'segments' then
    perform private.require_same_again(v_post, p_changes -> 'segments');
    perform private.write_segments(
      v_post, p_changes -> 'segments', private.count_published(v_post, p_changes -> 'segments')
    );
  end if;

  update public.posts
  set
    content = coalesce(private.join_segments(p_changes -> 'segments'), posts.content),
    metadata = coalesce(p_changes -> 'metadata', posts.metadata),
    late_policy = coalesce(p_changes ->> 'late_policy', posts.late_policy),
    late_after = coalesce(
      make_interval(secs => (p_changes ->> 'late_after_seconds')::int), posts.late_after
    ),
    version = posts.version + 1,
    updated_at = p_now
  where posts.id = p_post_id
  returning * into v_post;

  if v_is_queued and p_changes ? 'segments' then
    perform private.refuse_first(array(
      select problems
      from unnest(private.problems_of(v_post, p_now, p_now)) as problems
      where problems.slug = 'self-reply-unavailable'
    ));
    perform private.require_media(p_post_id);
    perform private.note_texts(v_post);
    perform private.reserve_posts(array[p_post_id], p_now);
    perform private.prepare_media(array[p_post_id], p_now);
    -- It may have waited for media that it shows no more.
    perform private.admit_jobs(array[v_post.account_id], run_at, p_now)
    from private.publish_jobs
    where post_id = p_post_id;
  end if;
  if v_post.status = 'scheduled' then
    update private.publish_jobs
    set stale_at = private.stale_at(v_post, v_patience_from)
    where post_id = p_post_id;
  end if;
  perform private.emit_post_event(v_post, 'post.updated');
  return private.post_document(v_post);
end
$$;

-- Text and media of any post, whatever became of it, as a new draft of the same account.
create function private.duplicate_post(
  p_post_id uuid, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_post public.posts;
  v_deleted text;
begin
  select * into v_post from public.posts where id = p_post_id;
  perform private.require_role(v_post.workspace_id, 'editor');
  select format('"%s" (%s)', media.file_name, media.id) into v_deleted
  from private.media_uses as uses
  join public.media on media.id = uses.media_id
  where uses.post_id = p_post_id and media.status = 'deleted'
  order by media.id
  limit 1;
  if v_deleted is not null then
    perform private.refuse(422, 'media-unknown',
      format('%s, which the post shows, was deleted.', v_deleted),
      'Write a new post with POST /posts, without it or with a new upload.');
  end if;

  return private.create_post(
    jsonb_build_object(
      'account_id', v_post.account_id,
      'metadata', v_post.metadata,
      'late_policy', v_post.late_policy,
      'late_after_seconds', extract(epoch from v_post.late_after)::int,
      'segments', (
        select jsonb_agg(
          jsonb_build_object(
            'text', segments.text, 'media_ids', segments.media_ids, 'has_url', segments.has_url
          )
          order by segments.position
        )
        from public.post_segments as segments
        where segments.post_id = p_post_id
      )
    ),
    p_now
  );
end
$$;

-- What callers see ----------

create function public.create_post(p_post jsonb, p_dry_run boolean default false)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_post jsonb;
begin
  v_post := private.create_post(p_post);
  if p_dry_run then
    raise sqlstate 'DRYRN';
  end if;
  return v_post;
exception
  -- Everything above is undone; the answer survives.
  when sqlstate 'DRYRN' then
    return v_post;
end
$$;

comment on function public.create_post(jsonb, boolean) is
  'Creates a draft, or a scheduled post when scheduled_at is given. Role editor.';

create function public.update_post(p_post_id uuid, p_changes jsonb, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.update_post(p_post_id, p_changes, p_version);
$$;

comment on function public.update_post(uuid, jsonb, int) is
  'Changes text, metadata or late policy of a post that has not been sent. Role editor.';

create function public.duplicate_post(p_post_id uuid)
returns jsonb
language sql
set search_path = ''
as $$
  select private.duplicate_post(p_post_id);
$$;

comment on function public.duplicate_post(uuid) is
  'Copies text, media, metadata and late policy of any post into a new draft. Role editor.';

grant execute on function
  private.create_post(jsonb, timestamptz),
  private.update_post(uuid, jsonb, int, timestamptz),
  private.duplicate_post(uuid, timestamptz),
  public.create_post(jsonb, boolean),
  public.update_post(uuid, jsonb, int),
  public.duplicate_post(uuid)
to authenticated;
