-- What callers do with posts: create, update, schedule, unschedule, publish, cancel, resume.
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

-- Puts scheduled posts in their lanes' queues. The caller holds the locks of the lanes.
create function private.enqueue_posts(
  p_post_ids uuid[], p_now timestamptz default clock_timestamp()
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_account_ids uuid[];
  v_first_run_at timestamptz;
begin
  with queued as (
    insert into private.publish_jobs as jobs (post_id, account_id, workspace_id, run_at, stale_at)
    select
      posts.id, posts.account_id, posts.workspace_id, posts.scheduled_at,
      case posts.late_policy
        when 'publish' then 'infinity'
        else posts.scheduled_at + posts.late_after
      end
    from public.posts
    where posts.id = any (p_post_ids) and posts.status = 'scheduled'
    on conflict (post_id) do update
    set
      run_at = excluded.run_at, stale_at = excluded.stale_at,
      state = 'waiting', token = null, position = 0
    returning jobs.account_id, jobs.run_at
  )
  select array_agg(distinct account_id), min(run_at)
  into v_account_ids, v_first_run_at
  from queued;

  -- A worker that waits for a later post of the lane, or for this one's old time, would make it late.
  perform private.reclaim_idle_lanes(array(
    select jobs.account_id
    from private.publish_jobs as jobs
    where jobs.account_id = any (v_account_ids)
    group by jobs.account_id
    having min(jobs.run_at) filter (where jobs.state = 'waiting')
      < coalesce(min(jobs.run_at) filter (where jobs.state = 'claimed'), 'infinity')
  ));
  perform private.refresh_lanes(v_account_ids);
  if v_first_run_at <= p_now + interval '5 seconds' then
    perform private.ring('publish');
  end if;
end
$$;

comment on function private.enqueue_posts(uuid[], timestamptz) is
  'Queues posts that are scheduled; wakes a worker when one is due within 5 seconds.';

create function private.dequeue_post(p_post public.posts)
returns void
language sql
set search_path = ''
as $$
  delete from private.publish_jobs where post_id = p_post.id;
  select private.refresh_lanes(array[p_post.account_id]);
$$;

comment on function private.dequeue_post(public.posts) is
  'Takes a post out of its lane''s queue. The caller holds the lock of the lane.';

create function private.emit_post_event(p_post public.posts, p_type text, p_data jsonb default '{}')
returns void
language sql
set search_path = ''
as $$
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  values (
    p_post.workspace_id, p_type, 'post', p_post.id,
    jsonb_build_object(
      'post_id', p_post.id, 'account_id', p_post.account_id, 'status', p_post.status,
      'version', p_post.version
    ) || p_data
  );
$$;

comment on function private.emit_post_event(public.posts, text, jsonb) is
  'Writes one event about a post in the running transaction.';

create function private.write_segments(p_post_id uuid, p_workspace_id uuid, p_texts jsonb)
returns void
language sql
set search_path = ''
as $$
  delete from public.post_segments where post_id = p_post_id;
  insert into public.post_segments (post_id, position, workspace_id, text)
  select p_post_id, texts.number - 1, p_workspace_id, texts.text
  from jsonb_array_elements_text(p_texts) with ordinality as texts (text, number);
$$;

comment on function private.write_segments(uuid, uuid, jsonb) is
  'Replaces the segments of a post that has none on X.';

create function private.join_segments(p_texts jsonb)
returns text
language sql
immutable
set search_path = ''
as $$
  select string_agg(texts.text, e'\n\n' order by texts.number)
  from jsonb_array_elements_text(p_texts) with ordinality as texts (text, number);
$$;

comment on function private.join_segments(jsonb) is 'posts.content of a list of segment texts.';

create function private.set_schedule(p_post public.posts, p_scheduled_at timestamptz)
returns public.posts
language plpgsql
set search_path = ''
as $$
declare
  v_post public.posts;
  v_account_status text;
begin
  select status into v_account_status from public.accounts where id = p_post.account_id;
  if v_account_status is null or v_account_status = 'disconnected' then
    perform private.refuse(409, 'account-not-connected', 'The account is disconnected.',
      'Connect the account again, then schedule the post.');
  elsif p_post.status = 'publishing' then
    perform private.refuse(409, 'post-in-flight', 'The post is being sent right now.',
      'Read it again in a few seconds.');
  elsif p_post.status = 'unconfirmed' then
    perform private.refuse(409, 'outcome-unknown',
      'Whether X took this post is still being found out; sending it again could double it.',
      'Wait for the reconciler, or settle it with POST /posts/:id/resolve.');
  elsif p_scheduled_at < clock_timestamp() - interval '1 minute' then
    perform private.refuse(422, 'scheduled-in-past', 'scheduled_at lies in the past.',
      'Send a later time, or "now".');
  end if;

  update public.post_segments
  set status = 'pending'
  where post_id = p_post.id and status = 'failed';

  update public.posts
  set
    status = 'scheduled', scheduled_at = p_scheduled_at, held_reason = null, failure = null,
    version = posts.version + 1, updated_at = clock_timestamp()
  where posts.id = p_post.id
  returning * into v_post;

  perform private.enqueue_posts(array[v_post.id]);
  perform private.emit_post_event(
    v_post, 'post.scheduled', jsonb_build_object('scheduled_at', v_post.scheduled_at)
  );
  return v_post;
end
$$;

comment on function private.set_schedule(public.posts, timestamptz) is
  'Schedules a locked post: refuses the past, a disconnected account and an unknown outcome.';

-- p_post: {account_id, segments: [text], scheduled_at?, metadata?, late_policy?, late_after_seconds?}
create function private.create_post(p_post jsonb)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_account public.accounts := private.require_account((p_post ->> 'account_id')::uuid, 'editor');
  v_post public.posts;
begin
  perform private.lock_lanes(array[v_account.id]);
  insert into public.posts (
    workspace_id, account_id, user_id, content, metadata, late_policy, late_after
  )
  values (
    v_account.workspace_id, v_account.id, (select auth.uid()),
    private.join_segments(p_post -> 'segments'),
    coalesce(p_post -> 'metadata', '{}'),
    coalesce(p_post ->> 'late_policy', 'hold'),
    make_interval(secs => coalesce((p_post ->> 'late_after_seconds')::int, 3600))
  )
  returning * into v_post;
  perform private.write_segments(v_post.id, v_post.workspace_id, p_post -> 'segments');
  perform private.emit_post_event(v_post, 'post.created');

  if p_post ->> 'scheduled_at' is not null then
    v_post := private.set_schedule(v_post, (p_post ->> 'scheduled_at')::timestamptz);
  end if;
  return private.post_document(v_post);
end
$$;

-- p_changes may hold segments, metadata, late_policy, late_after_seconds.
create function private.update_post(p_post_id uuid, p_changes jsonb, p_version int)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_post public.posts := private.lock_post(p_post_id, 'editor', p_version);
begin
  if v_post.status not in ('draft', 'pending_approval', 'scheduled', 'held', 'missed', 'failed') then
    perform private.refuse(409, 'post-not-editable',
      format('A %s post cannot be edited.', v_post.status), 'Duplicate it and edit the copy.');
  end if;
  if p_changes ? 'segments' then
    perform private.write_segments(v_post.id, v_post.workspace_id, p_changes -> 'segments');
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
    updated_at = clock_timestamp()
  where posts.id = p_post_id
  returning * into v_post;

  update private.publish_jobs
  set stale_at = case v_post.late_policy
    when 'publish' then 'infinity' else v_post.scheduled_at + v_post.late_after
  end
  where post_id = p_post_id;
  perform private.emit_post_event(v_post, 'post.updated');
  return private.post_document(v_post);
end
$$;

create function private.schedule_post(p_post_id uuid, p_scheduled_at timestamptz, p_version int)
returns jsonb
language sql
security definer
set search_path = ''
as $$
  select private.post_document(
    private.set_schedule(private.lock_post(p_post_id, 'editor', p_version), p_scheduled_at)
  );
$$;

create function private.unschedule_post(p_post_id uuid, p_version int)
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
    status = 'draft', scheduled_at = null,
    version = posts.version + 1, updated_at = clock_timestamp()
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

create function private.cancel_post(p_post_id uuid, p_version int)
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

  update public.posts
  set
    status = 'canceled', held_reason = null,
    version = posts.version + 1, updated_at = clock_timestamp()
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

-- The rest of a thread, from the segment at which it stopped.
create function private.resume_post(p_post_id uuid, p_version int)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_post public.posts := private.lock_post(p_post_id, 'editor', p_version);
begin
  if v_post.status <> 'partially_published' then
    perform private.refuse(409, 'illegal-transition',
      format('A %s post has nothing to resume.', v_post.status),
      'Read the post again: its status has changed.');
  elsif exists (
    select from public.accounts where id = v_post.account_id and status = 'disconnected'
  ) then
    perform private.refuse(409, 'account-not-connected', 'The account is disconnected.',
      'Connect the account again, then resume the post.');
  end if;

  update public.post_segments
  set status = 'pending'
  where post_id = p_post_id and status = 'failed';
  insert into private.publish_jobs (post_id, account_id, workspace_id, run_at, position)
  select p_post_id, v_post.account_id, v_post.workspace_id, clock_timestamp(), min(position)
  from public.post_segments
  where post_id = p_post_id and status = 'pending'
  on conflict (post_id) do nothing;
  update public.posts
  set failure = null, version = posts.version + 1, updated_at = clock_timestamp()
  where posts.id = p_post_id
  returning * into v_post;

  perform private.refresh_lanes(array[v_post.account_id]);
  perform private.ring('publish');
  perform private.emit_post_event(v_post, 'post.updated');
  return private.post_document(v_post);
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

create function public.unschedule_post(p_post_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.unschedule_post(p_post_id, p_version);
$$;

comment on function public.unschedule_post(uuid, int) is
  'Turns a scheduled post back into a draft. Role editor. Safe to repeat.';

-- "Now" is the database's, not the caller's.
create function public.publish_post(p_post_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.schedule_post(p_post_id, clock_timestamp(), p_version);
$$;

comment on function public.publish_post(uuid, int) is 'Schedules a post for this instant. Role editor.';

create function public.cancel_post(p_post_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.cancel_post(p_post_id, p_version);
$$;

comment on function public.cancel_post(uuid, int) is
  'Cancels a post that is not on X. Role editor. Safe to repeat.';

create function public.resume_post(p_post_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.resume_post(p_post_id, p_version);
$$;

comment on function public.resume_post(uuid, int) is
  'Sends the rest of a partially published thread. Role editor.';

grant execute on function
  private.create_post(jsonb),
  private.update_post(uuid, jsonb, int),
  private.schedule_post(uuid, timestamptz, int),
  private.unschedule_post(uuid, int),
  private.cancel_post(uuid, int),
  private.resume_post(uuid, int),
  public.create_post(jsonb, boolean),
  public.update_post(uuid, jsonb, int),
  public.schedule_post(uuid, timestamptz, int, boolean),
  public.unschedule_post(uuid, int),
  public.publish_post(uuid, int),
  public.cancel_post(uuid, int),
  public.resume_post(uuid, int)
to authenticated;
