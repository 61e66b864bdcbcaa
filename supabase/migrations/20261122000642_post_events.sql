-- What is told of a post: an event in the log, and a message to the people who work on it.
--
-- Both are sent by one function, so that no verb writes the one and forgets the other.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
