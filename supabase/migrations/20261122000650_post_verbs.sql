-- What callers do with posts: create, update, schedule, unschedule, publish, retry, duplicate, cancel.
-- (What is peculiar to threads and to posts that are on X is the next file.)
--
-- Each verb is one definer that asserts the caller's role, locks lane, post and job in that order,
-- changes state and writes the event. Content can change until Go reads it; after that it is 409.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- What stands in the way of a post (problem) or may surprise its author (warning). Status: with
-- which a verb that would run into it is refused; null for a warning.
create type private.notice as (
  status int,
  -- RFC 6901, into the body that brought the post.
  pointer text,
  slug text,
  detail text,
  remedy text
);

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

-- Patience is counted from p_from: its time, or the moment it was asked for when that was later.
create function private.stale_at(p_post public.posts, p_from timestamptz)
returns timestamptz
language sql
stable
set search_path = ''
as $$
  select case p_post.late_policy when 'publish' then 'infinity' else p_from + p_post.late_after end;
$$;

comment on function private.stale_at(public.posts, timestamptz) is
  'From when on the late policy of a post applies instead of sending.';

create function private.admit_jobs(
  p_account_ids uuid[], p_first_run_at timestamptz, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- A worker that waits for a later post of the lane, or for this one's old time, would make it late.
  -- What comes later than that is claimed later.
  if p_first_run_at <= p_now + interval '5 seconds' then
    perform private.reclaim_idle_lanes(p_account_ids);
  end if;
  perform private.refresh_lanes(p_account_ids);
  if p_first_run_at <= p_now + interval '5 seconds' then
    perform private.ring('publish', p_now => p_now);
  end if;
end
$$;

comment on function private.admit_jobs(uuid[], timestamptz, timestamptz) is
  'Lets lanes see jobs that came or moved; wakes a worker when one is due within 5 seconds.';

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
      private.stale_at(posts, greatest(posts.scheduled_at, p_now))
    from public.posts
    where posts.id = any (p_post_ids) and posts.status = 'scheduled'
    on conflict (post_id) do update
    set
      run_at = excluded.run_at, stale_at = excluded.stale_at,
      state = 'waiting', position = 0
    returning jobs.account_id, jobs.run_at
  )
  select array_agg(distinct account_id), min(run_at)
  into v_account_ids, v_first_run_at
  from queued;

  perform private.prepare_media(p_post_ids, p_now);
  perform private.admit_jobs(v_account_ids, v_first_run_at, p_now);
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

-- People who work on a post learn that what they read is old. What happens to posts by the thousand
-- is told on the workspace's channel alone: a message for each would be as many as there are posts.
create function private.broadcast_version(p_post public.posts, p_type text)
returns void
language sql
set search_path = ''
as $$
  select realtime.send(
    jsonb_build_object(
      'post_id', p_post.id, 'version', p_post.version, 'status', p_post.status, 'type', p_type
    ),
    'version', 'post:' || p_post.id, true
  )
  where coalesce(current_setting('myposts.defers_broadcasts', true), '') <> 'on';
$$;

comment on function private.broadcast_version(public.posts, text) is
  'Sends the event version on post:<id>. p_type is the event that says what was changed.';

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
  -- Nobody listens to a post that was not there before.
  select private.broadcast_version(p_post, p_type) where p_type <> 'post.created';
$$;

comment on function private.emit_post_event(public.posts, text, jsonb) is
  'Writes one event about a post in the running transaction, and tells who works on the post.';

create function private.require_unsuspended(p_workspace_id uuid)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_reason text;
begin
  select suspended_reason into v_reason from public.workspaces where id = p_workspace_id;
  if v_reason is not null then
    perform private.refuse(403, 'workspace-suspended',
      format('The workspace is suspended: %s', v_reason),
      'Ask the operator of this service. Posts can still be canceled and unpublished.');
  end if;
end
$$;

comment on function private.require_unsuspended(uuid) is
  'Refuses with 403 while the operator''s kill switch holds the workspace.';

create function private.require_settled(p_post public.posts)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_post.status = 'publishing' then
    perform private.refuse(409, 'post-in-flight', 'The post is being sent right now.',
      'Read it again in a few seconds.');
  elsif p_post.status = 'unconfirmed' then
    perform private.refuse(409, 'outcome-unknown',
      'Whether X took this post is still being found out; sending it again could double it.',
      'Wait for the reconciler, or settle it with POST /posts/:id/resolve.');
  end if;
end
$$;

comment on function private.require_settled(public.posts) is
  'Refuses with 409 while the outcome of a post is open.';

-- What a schedule is refused for, the gravest first. The same list is what validation shows.
create function private.list_problems(
  p_account public.accounts, p_segment_count int, p_scheduled_at timestamptz, p_now timestamptz
)
returns setof private.notice
language sql
stable
set search_path = ''
as $$
  select
    403, '/account_id', 'workspace-suspended',
    format('The workspace is suspended: %s', workspaces.suspended_reason),
    'Ask the operator of this service.'
  from public.workspaces
  where workspaces.id = p_account.workspace_id and workspaces.suspended_at is not null
  union all
  select
    409, '/account_id', 'account-not-connected', 'The account is disconnected.',
    'Connect the account again, then schedule the post.'
  where p_account.status = 'disconnected'
  union all
  select
    422, '/scheduled_at', 'scheduled-in-past', 'scheduled_at lies in the past.',
    'Send a later time, or "now".'
  where p_scheduled_at < p_now - interval '1 minute'
  union all
  select
    409, '/segments/1', 'self-reply-unavailable',
    'X does not let this account reply to itself through this app, so a thread would stop after its first segment.',
    'Send it as one segment, or set can_self_reply of the account to true to try again.'
  where p_segment_count > 1 and not p_account.can_self_reply;
$$;

comment on function private.list_problems(public.accounts, int, timestamptz, timestamptz) is
  'Why a post of so many segments cannot be scheduled for that time; no rows when it can.';

create function private.refuse_first(p_problems private.notice[])
returns void
language sql
set search_path = ''
as $$
  select private.refuse(
    p_problems[1].status, p_problems[1].slug, p_problems[1].detail, p_problems[1].remedy
  )
  where cardinality(p_problems) > 0;
$$;

comment on function private.refuse_first(private.notice[]) is
  'Refuses naming the first problem; does nothing when there is none.';

create function private.problems_of(
  p_post public.posts, p_scheduled_at timestamptz, p_now timestamptz
)
returns private.notice[]
language sql
stable
set search_path = ''
as $$
  select array(
    select problems
    from public.accounts
    cross join lateral private.list_problems(
      accounts,
      (select count(*)::int from public.post_segments where post_id = p_post.id),
      p_scheduled_at, p_now
    ) as problems
    where accounts.id = p_post.account_id
  );
$$;

comment on function private.problems_of(public.posts, timestamptz, timestamptz) is
  'What stands in the way of scheduling a post as it is now.';

create function private.read_segments(p_segments jsonb)
returns table (place smallint, text text, media_ids uuid[], has_url boolean)
language sql
immutable
set search_path = ''
as $$
  select
    (items.number - 1)::smallint,
    case jsonb_typeof(items.segment)
      when 'string' then items.segment #>> '{}'
      else coalesce(items.segment ->> 'text', '')
    end,
    array(
      select media.id::uuid
      from jsonb_array_elements_text(items.segment -> 'media_ids') with ordinality as media (id, number)
      order by media.number
    ),
    (case when jsonb_typeof(items.segment) = 'object' then items.segment ->> 'has_url' end)::boolean
  from jsonb_array_elements(p_segments) with ordinality as items (segment, number);
$$;

comment on function private.read_segments(jsonb) is
  'Segments as verbs take them: a list of texts, or of {text, media_ids, has_url}.';

-- Prices depend on URLs, and only our functions find those as X does. A caller who comes without
-- them pays for whatever might be one.
create function private.has_url(p_text text, p_claim boolean)
returns boolean
language sql
immutable
set search_path = ''
as $$
  select case
    when p_claim is null then p_text ~ '\S\.\S'
    else p_claim or p_text ~* 'https?://\S+\.[a-z]{2,}'
  end;
$$;

comment on function private.has_url(text, boolean) is
  'Whether X bills a text as one with a URL. p_claim: what our functions found; null: nobody looked.';


-- Texts are kept as they came, unnormalised: what is stored is what is sent.
create function private.write_segments(p_post public.posts, p_segments jsonb, p_from int default 0)
returns void
language sql
set search_path = ''
as $$
  delete from public.post_segments where post_id = p_post.id and position >= p_from;
  insert into public.post_segments (post_id, position, workspace_id, text, media_ids, has_url)
  select
    p_post.id, segments.place, p_post.workspace_id, segments.text, segments.media_ids,
    private.has_url(segments.text, segments.has_url)
  from private.read_segments(p_segments) as segments
  where segments.place >= p_from;
$$;

comment on function private.write_segments(public.posts, jsonb, int) is
  'Replaces the segments of a post from a position on; none of them is on X.';

create function private.join_segments(p_segments jsonb)
returns text
language sql
immutable
set search_path = ''
as $$
  select case when count(*) > 0 then
    coalesce(string_agg(segments.text, e'\n\n' order by segments.place) filter (where segments.text <> ''), '')
  end
  from private.read_segments(p_segments) as segments;
$$;

comment on function private.join_segments(jsonb) is 'posts.content of a list of segments.';

create function private.require_schedulable(p_post public.posts)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.require_settled(p_post);
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

-- What is on X cannot change; what comes after it still can.
create function private.count_published(p_post public.posts, p_segments jsonb)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
  v_changed int;
begin
  select count(*), min(ours.position) filter (
    where theirs.text is distinct from ours.text or theirs.media_ids is distinct from ours.media_ids
  )
  into v_count, v_changed
  from public.post_segments as ours
  left join private.read_segments(p_segments) as theirs on theirs.place = ours.position
  where ours.post_id = p_post.id and ours.status = 'published';

  if v_changed is not null then
    perform private.refuse(409, 'segment-on-x',
      format('Segment %s is on X and cannot change.', v_changed),
      'Send the segments that are on X as they are, and change only those after them.');
  elsif v_count > 0 and jsonb_array_length(p_segments) = v_count then
    perform private.refuse(409, 'segment-on-x', 'Nothing would be left to send.',
      'Give up the rest of the thread with POST /posts/:id/drop-remainder.');
  end if;
  return v_count;
end
$$;

comment on function private.count_published(public.posts, jsonb) is
  'How many segments of a post are on X. Refuses new segments that differ from those.';

-- A segment that is sent again because X did not show it is protected by being the same: X refuses what it
-- has, and a late find is known by its text. Where a person has decided, it is theirs to change.
create function private.require_same_again(p_post public.posts, p_segments jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_position smallint;
begin
  select min(ours.position) into v_position
  from private.given_up_attempts as given
  join public.post_segments as ours
    on ours.post_id = given.post_id and ours.position = given.position
  -- A person's word that X does not have it is recorded as a refusal.
  join public.publish_attempts as attempts
    on attempts.post_id = given.post_id
    and attempts.position = given.position
    and attempts.number = given.number
    and attempts.status = 'abandoned'
  left join private.read_segments(p_segments) as theirs on theirs.place = ours.position
  where given.post_id = p_post.id
    and ours.status = 'pending'
    and (theirs.text is distinct from ours.text or theirs.media_ids is distinct from ours.media_ids);
  if v_position is not null then
    perform private.refuse(409, 'outcome-unknown',
      format('X did not show segment %s when it was looked for, and may do so yet: changed, it could be there twice.', v_position),
      'Leave it as it is, or cancel the post and write another one that may stand beside it.');
  end if;
end
$$;

comment on function private.require_same_again(public.posts, jsonb) is
  'Refuses to change a segment that was sent, was not found on X, and waits to be sent again.';

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
    perform private.refresh_lanes(array[v_post.account_id]);
  end if;
  if v_post.status = 'scheduled' then
    update private.publish_jobs
    set stale_at = private.stale_at(v_post, v_post.scheduled_at)
    where post_id = p_post_id;
  end if;
  perform private.emit_post_event(v_post, 'post.updated');
  return private.post_document(v_post);
end
$$;

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

create function public.retry_post(p_post_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.retry_post(p_post_id, p_version);
$$;

comment on function public.retry_post(uuid, int) is
  'Schedules a failed, missed or held post for this instant. Role editor. Safe to repeat.';

create function public.duplicate_post(p_post_id uuid)
returns jsonb
language sql
set search_path = ''
as $$
  select private.duplicate_post(p_post_id);
$$;

comment on function public.duplicate_post(uuid) is
  'Copies text, media, metadata and late policy of any post into a new draft. Role editor.';

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
  private.create_post(jsonb, timestamptz),
  private.update_post(uuid, jsonb, int, timestamptz),
  private.schedule_post(uuid, timestamptz, int, timestamptz),
  private.retry_post(uuid, int, timestamptz),
  private.unschedule_post(uuid, int, timestamptz),
  private.cancel_post(uuid, int, timestamptz),
  private.duplicate_post(uuid, timestamptz),
  public.create_post(jsonb, boolean),
  public.update_post(uuid, jsonb, int),
  public.schedule_post(uuid, timestamptz, int, boolean),
  public.publish_post(uuid, int),
  public.retry_post(uuid, int),
  public.unschedule_post(uuid, int),
  public.cancel_post(uuid, int),
  public.duplicate_post(uuid)
to authenticated;
