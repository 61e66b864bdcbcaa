-- What callers do with the times of posts: schedule, publish, retry, unschedule, cancel.
--
-- Every way to a time leads through one function, so that none of them sends again what X may have.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function private.require_schedulable(p_post public.posts)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.require_settled(p_post);
  perform private.require_not_taken(p_post.id);
  case p_post.status
    when 'published' then
      perform private.refuse(409, 'already-published', 'The post is on X.',
        'Duplicate it with POST /posts/:id/duplicate and schedule the copy.');
    when 'partially_published' then
      perform private.refuse(409, 'illegal-transition', 'X has the first segments of the post.',
        'Send the rest with POST /posts/:id/resume.');
    when 'canceled' then
      perform private.refuse(409, 'illegal-transition', 'A canceled post is not scheduled again.',
        'Duplicate it with POST /posts/:id/duplicate and schedule the copy.');
    else
  end case;
end
$$;

comment on function private.require_schedulable(public.posts) is
  'Refuses what can get no time any more, each with what to do instead.';

-- Schedules a post whose row and lane the caller has locked.
create function private.set_schedule(
  p_post public.posts, p_scheduled_at timestamptz, p_now timestamptz
)
returns public.posts
language plpgsql
set search_path = ''
as $$
declare
  v_post public.posts;
begin
  perform private.require_schedulable(p_post);
  perform private.refuse_first(private.problems_of(p_post, p_scheduled_at, p_now));
  perform private.require_media(p_post.id);
  -- A second click changes nothing: neither the time nor the place in the queue.
  if p_post.status = 'scheduled' and (
    p_post.scheduled_at = p_scheduled_at
    or p_scheduled_at <= p_now
    and p_post.scheduled_at between p_scheduled_at - interval '5 seconds' and p_scheduled_at
  ) then
    return p_post;
  end if;

  update public.post_segments
  set status = 'pending'
  where post_id = p_post.id and status = 'failed';

  update public.posts
  set
    status = 'scheduled', scheduled_at = p_scheduled_at, held_reason = null, failure = null,
    version = posts.version + 1, updated_at = p_now
  where posts.id = p_post.id
  returning * into v_post;

  perform private.note_texts(v_post);
  perform private.reserve_posts(array[v_post.id], p_now);
  perform private.enqueue_posts(array[v_post.id], p_now);
  perform private.emit_post_event(
    v_post, 'post.scheduled', jsonb_build_object('scheduled_at', v_post.scheduled_at)
  );
  return v_post;
end
$$;

comment on function private.set_schedule(public.posts, timestamptz, timestamptz) is
  'Schedules a locked post, or refuses naming the first thing in its way. Safe to repeat.';

create function private.schedule_post(
  p_post_id uuid, p_scheduled_at timestamptz, p_version int,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language sql
security definer
set search_path = ''
as $$
  select private.post_document(
    private.set_schedule(private.lock_post(p_post_id, 'editor', p_version), p_scheduled_at, p_now)
  );
$$;

-- Once more, as soon as possible: after X refused it, or after its time passed.
create function private.retry_post(
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
  -- A second click finds it under way.
  if v_post.status = 'scheduled' and v_post.scheduled_at <= p_now then
    return private.post_document(v_post);
  elsif v_post.status = 'partially_published' then
    perform private.refuse(409, 'illegal-transition', 'Part of the thread is on X already.',
      'Send the rest with POST /posts/:id/resume.');
  elsif v_post.status not in ('failed', 'missed', 'held', 'publishing', 'unconfirmed') then
    perform private.refuse(409, 'illegal-transition',
      format('A %s post is not tried again.', v_post.status),
      'Only failed, missed and held posts are; publish others with POST /posts/:id/publish.');
  end if;
  return private.post_document(private.set_schedule(v_post, p_now, p_now));
end
$$;

create function private.unschedule_post(
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
  update public.posts
  set
    status = 'draft', scheduled_at = null, failure = null,
    version = posts.version + 1, updated_at = p_now
  where posts.id = p_post_id and posts.status <> 'draft'
  returning * into v_post;
  if found then
    perform private.dequeue_post(v_post);
    perform private.emit_post_event(v_post, 'post.unscheduled');
  end if;
  select * into v_post from public.posts where id = p_post_id;
  return private.post_document(v_post);
end
$$;

create function private.cancel_post(
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
  if v_post.status in ('published', 'partially_published') then
    perform private.refuse(409, 'already-published', 'The post is on X.',
      'Delete it on X with POST /posts/:id/unpublish.');
  end if;
  perform private.require_settled(v_post);

  update public.posts
  set
    status = 'canceled', held_reason = null, failure = null,
    version = posts.version + 1, updated_at = p_now
  where posts.id = p_post_id and posts.status <> 'canceled'
  returning * into v_post;
  if found then
    perform private.dequeue_post(v_post);
    perform private.emit_post_event(v_post, 'post.canceled');
  end if;
  select * into v_post from public.posts where id = p_post_id;
  return private.post_document(v_post);
end
$$;

-- What callers see ----------

create function public.schedule_post(
  p_post_id uuid, p_scheduled_at timestamptz, p_version int default null,
  p_dry_run boolean default false
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_post jsonb;
begin
  v_post := private.schedule_post(p_post_id, p_scheduled_at, p_version);
  if p_dry_run then
    raise sqlstate 'DRYRN';
  end if;
  return v_post;
exception
  when sqlstate 'DRYRN' then
    return v_post;
end
$$;

comment on function public.schedule_post(uuid, timestamptz, int, boolean) is
  'Schedules or reschedules a post. Role editor.';

-- "Now" is the database's, not the caller's.
create function public.publish_post(p_post_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.schedule_post(p_post_id, clock_timestamp(), p_version);
$$;

comment on function public.publish_post(uuid, int) is 'Schedules a post for this instant. Role editor.';

create function public.retry_post(p_post_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.retry_post(p_post_id, p_version);
$$;

comment on function public.retry_post(uuid, int) is
  'Schedules a failed, missed or held post for this instant. Role editor. Safe to repeat.';

create function public.unschedule_post(p_post_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.unschedule_post(p_post_id, p_version);
$$;

comment on function public.unschedule_post(uuid, int) is
  'Turns a scheduled post back into a draft. Role editor. Safe to repeat.';

create function public.cancel_post(p_post_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.cancel_post(p_post_id, p_version);
$$;

comment on function public.cancel_post(uuid, int) is
  'Cancels a post that is not on X. Role editor. Safe to repeat.';

grant execute on function
  private.schedule_post(uuid, timestamptz, int, timestamptz),
  private.retry_post(uuid, int, timestamptz),
  private.unschedule_post(uuid, int, timestamptz),
  private.cancel_post(uuid, int, timestamptz),
  public.schedule_post(uuid, timestamptz, int, boolean),
  public.publish_post(uuid, int),
  public.retry_post(uuid, int),
  public.unschedule_post(uuid, int),
  public.cancel_post(uuid, int)
to authenticated;
