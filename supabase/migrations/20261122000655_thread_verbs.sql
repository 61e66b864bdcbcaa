-- What callers do with posts that are on X, whole or in part: resume, drop the remainder, unpublish.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- What both verbs about the rest of a thread ask first.
create function private.require_remainder(p_post public.posts)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.require_settled(p_post);
  if p_post.status <> 'partially_published' or p_post.unpublish_requested_at is not null then
    perform private.refuse(409, 'illegal-transition',
      format('A %s post has no rest to send.', case
        when p_post.unpublish_requested_at is null then p_post.status else 'unpublished'
      end),
      'Read the post again: its status has changed.');
  end if;
end
$$;

comment on function private.require_remainder(public.posts) is
  'Refuses unless X has the first segments of a thread only, and nothing is on its way.';

-- The rest of a thread, from the segment at which it stopped.
create function private.resume_post(
  p_post_id uuid, p_version int, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_post public.posts := private.lock_post(p_post_id, 'editor', p_version);
begin
  -- A second click, and its next segment is on its way already.
  if v_post.status = 'publishing' then
    return private.post_document(v_post);
  end if;
  perform private.require_remainder(v_post);
  perform private.refuse_first(private.problems_of(v_post, p_now, p_now));
  -- A second click, or a thread that waits for its account: it goes on by itself.
  if exists (select from private.publish_jobs where post_id = p_post_id) then
    return private.post_document(v_post);
  end if;

  update public.post_segments
  set status = 'pending'
  where post_id = p_post_id and status = 'failed';
  insert into private.publish_jobs (post_id, account_id, workspace_id, run_at, position)
  select p_post_id, v_post.account_id, v_post.workspace_id, p_now, min(position)
  from public.post_segments
  where post_id = p_post_id and status = 'pending';
  update public.posts
  set failure = null, version = posts.version + 1, updated_at = p_now
  where posts.id = p_post_id
  returning * into v_post;

  perform private.require_media(p_post_id);
  perform private.reserve_posts(array[p_post_id], p_now);
  perform private.prepare_media(array[p_post_id], p_now);
  perform private.admit_jobs(array[v_post.account_id], p_now, p_now);
  perform private.emit_post_event(v_post, 'post.updated');
  return private.post_document(v_post);
end
$$;

-- What X has stays as it is, and is the whole post from now on.
create function private.drop_remainder(
  p_post_id uuid, p_version int, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_post public.posts := private.lock_post(p_post_id, 'editor', p_version);
begin
  if v_post.status = 'published' then
    return private.post_document(v_post);
  end if;
  perform private.require_remainder(v_post);

  perform private.dequeue_post(v_post);
  delete from public.post_segments where post_id = p_post_id and status <> 'published';
  update public.posts
  set
    content = (
      select coalesce(
        string_agg(segments.text, e'\n\n' order by segments.position) filter (where segments.text <> ''),
        ''
      )
      from public.post_segments as segments
      where segments.post_id = p_post_id
    ),
    version = posts.version + 1
  where posts.id = p_post_id;
  perform private.finish_posts(array[p_post_id], p_now);

  select * into v_post from public.posts where id = p_post_id;
  return private.post_document(v_post);
end
$$;

-- Status stays: the post was published. unpublished_at says that X has it no more.
create function private.unpublish_post(
  p_post_id uuid, p_version int, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_post public.posts := private.lock_post(p_post_id, 'editor', p_version);
begin
  perform private.require_settled(v_post);
  if v_post.status not in ('published', 'partially_published') then
    perform private.refuse(409, 'not-published', format('A %s post is not on X.', v_post.status),
      'Cancel it with DELETE /posts/:id instead.');
  elsif exists (
    select from public.accounts where id = v_post.account_id and status = 'disconnected'
  ) then
    perform private.refuse(409, 'account-not-connected', 'The account is disconnected.',
      'Connect the account again, then unpublish the post; or delete it on X yourself.');
  end if;

  -- Repeated: under way, or done.
  insert into private.removals (post_id, account_id, workspace_id, next_try_at)
  select p_post_id, v_post.account_id, v_post.workspace_id, p_now
  where v_post.unpublished_at is null
  on conflict (post_id) do nothing;
  if found then
    perform private.dequeue_post(v_post);
    update public.posts
    set
      unpublish_requested_at = coalesce(posts.unpublish_requested_at, p_now), failure = null,
      version = posts.version + 1, updated_at = p_now
    where posts.id = p_post_id
    returning * into v_post;
    perform private.emit_post_event(v_post, 'post.updated');
    perform private.ring('publish', p_now => p_now);
  end if;
  return private.post_document(v_post);
end
$$;

-- What callers see ----------

create function public.resume_post(p_post_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.resume_post(p_post_id, p_version);
$$;

comment on function public.resume_post(uuid, int) is
  'Sends the rest of a partially published thread. Role editor. Safe to repeat.';

create function public.drop_remainder(p_post_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.drop_remainder(p_post_id, p_version);
$$;

comment on function public.drop_remainder(uuid, int) is
  'Gives up the unsent segments of a partially published thread: what X has is the post. Role editor. Safe to repeat.';

create function public.unpublish_post(p_post_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.unpublish_post(p_post_id, p_version);
$$;

comment on function public.unpublish_post(uuid, int) is
  'Has every segment of a post deleted on X, the last first. Role editor. Safe to repeat.';

grant execute on function
  private.resume_post(uuid, int, timestamptz),
  private.drop_remainder(uuid, int, timestamptz),
  private.unpublish_post(uuid, int, timestamptz),
  public.resume_post(uuid, int),
  public.drop_remainder(uuid, int),
  public.unpublish_post(uuid, int)
to authenticated;
