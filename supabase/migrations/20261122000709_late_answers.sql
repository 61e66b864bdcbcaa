-- Late answers: X took a segment whose attempt was closed before.
--
-- Where it was closed because X did not have it, the promise was broken from outside: what can still be
-- stopped is stopped, and a person must know.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- X has something of a post that was gone. Its author asked for all of it to be deleted; whoever
-- deleted it on X by hand, which is noted in one moment with the request, is left to ask for more.
create function private.remove_found(p_post_id uuid, p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  insert into private.removals (post_id, account_id, workspace_id, next_try_at)
  select id, account_id, workspace_id, p_now
  from public.posts
  where id = p_post_id and unpublish_requested_at < coalesce(unpublished_at, 'infinity')
  on conflict (post_id) do nothing;

  update public.posts
  set unpublished_at = null
  where id = p_post_id and unpublished_at is not null;
$$;

comment on function private.remove_found(uuid, timestamptz) is
  'A segment of an unpublished post turned up on X: it is deleted, too.';

-- A later attempt that nobody is sure of makes room for an earlier one that X took: X may have both, and looks
-- for one that was given up tell of it.
create function private.displace_attempt(p_attempt public.publish_attempts, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  delete from private.given_up_attempts
  where post_id = p_attempt.post_id
    and position = p_attempt.position
    and number = p_attempt.number;

  insert into private.given_up_attempts (
    post_id, position, number, account_id, workspace_id, sending_at, given_up_at, next_look_at
  )
  select
    post_id, position, number, account_id, workspace_id, sending_at, p_now,
    p_now + interval '5 minutes'
  from private.live_attempts
  where post_id = p_attempt.post_id
    and position = p_attempt.position
    and number <> p_attempt.number
  on conflict do nothing;
end
$$;

comment on function private.displace_attempt(public.publish_attempts, timestamptz) is
  'Has the open attempt of a segment watched as one that was given up, and its earlier one, which is adopted, no more.';

-- X has a segment whose attempt was closed as absent: nothing is sent again where that can still be
-- stopped. False when it cannot: it is on X already, being sent, or its author withdrew the post.
create function private.reopen_attempt(
  p_attempt public.publish_attempts, p_remote_id text, p_now timestamptz
)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  if exists (
    select from public.post_segments
    where post_id = p_attempt.post_id and position = p_attempt.position and status = 'published'
  ) or exists (
    select from private.live_attempts
    where post_id = p_attempt.post_id and position = p_attempt.position and next_look_at is null
  ) or exists (
    select from private.remote_posts where network = 'x' and remote_id = p_remote_id
  ) or exists (
    select from public.posts
    where id = p_attempt.post_id and status in ('draft', 'pending_approval', 'canceled')
  ) then
    return false;
  end if;

  update public.posts
  set status = 'scheduled', held_reason = null
  where id = p_attempt.post_id and status in ('held', 'missed', 'failed');
  update public.posts
  set status = 'publishing'
  where id = p_attempt.post_id and status in ('scheduled', 'partially_published');
  perform private.remove_found(p_attempt.post_id, p_now);
  perform private.reserve_posts(array[p_attempt.post_id], p_now, p_may_refuse => false);
  perform private.displace_attempt(p_attempt, p_now);
  insert into private.live_attempts (
    post_id, position, number, account_id, workspace_id, go_id, sending_at, deadline_at, next_look_at
  )
  values (
    p_attempt.post_id, p_attempt.position, p_attempt.number, p_attempt.account_id,
    p_attempt.workspace_id, gen_random_uuid(), p_attempt.sending_at, p_now, p_now
  )
  on conflict (post_id, position) do update
  set number = excluded.number, sending_at = excluded.sending_at;
  return true;
end
$$;

comment on function private.reopen_attempt(public.publish_attempts, text, timestamptz) is
  'Makes a closed attempt the open one of its segment again, so that its answer is adopted.';

-- p_remote_id: what X took of a segment after that attempt had been given up. Everything else it is known to have
-- of the segment is named, too: one of them is to be deleted.
create function private.tell_late_answer(
  p_post_id uuid, p_position smallint, p_remote_id text, p_now timestamptz
)
returns void
language sql
set search_path = ''
as $$
  select private.raise_alert(
    'accepted-after-absent', p_post_id::text,
    format(
      'X took segment %s of post %s as %s after it had been given up; the post has %s.',
      p_position, p_post_id, p_remote_id, coalesce(string_agg(others.remote_id, ', '), 'no other')
    ),
    'Look at the account on X: the text may be there twice. See docs/architecture.md.', p_now
  )
  from (
    select segments.remote_id
    from public.post_segments as segments
    where segments.post_id = p_post_id and segments.position = p_position
    union
    select attempts.remote_id
    from public.publish_attempts as attempts
    where attempts.post_id = p_post_id and attempts.position = p_position
  ) as others
  where others.remote_id <> p_remote_id;
$$;

comment on function private.tell_late_answer(uuid, smallint, text, timestamptz) is
  'Alerts that X took what was given up as absent.';

-- A segment that was sent once more, and X took that: what it had taken before is there beside it.
create function private.tell_doubles(p_closed private.attempt_result[], p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  select private.tell_late_answer(before.post_id, before.position, before.remote_id, p_now)
  from unnest(p_closed) as closed
  join public.publish_attempts as before using (post_id, position)
  where before.post_id = any (array(
      select post_id from unnest(p_closed) where number > 1 and outcome = 'accepted'
    ))
    and closed.outcome = 'accepted'
    and before.remote_id <> closed.remote_id
    and not exists (
      select from private.remote_posts as owned
      where owned.network = 'x' and owned.remote_id = before.remote_id
    );
$$;

comment on function private.tell_doubles(private.attempt_result[], timestamptz) is
  'Alerts that X has a segment twice, as soon as it took the second one.';

-- An answer to an attempt that was closed as "X does not have it": if X has it after all, the
-- promise was broken from outside, and a person must know. One that could not be adopted when it came,
-- because its segment was being sent once more, may come again.
create function private.record_late_answers(p_late private.attempt_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_result private.attempt_result;
  v_attempt public.publish_attempts;
  v_is_known boolean;
begin
  foreach v_result in array p_late loop
    select * into v_attempt
    from public.publish_attempts
    where post_id = v_result.post_id
      and position = v_result.position
      and number = v_result.number
      and status in ('abandoned', 'refused', 'unknown', 'accepted');
    continue when not found;

    v_is_known := exists (
      select from public.publish_attempts
      where post_id = v_result.post_id
        and position = v_result.position
        and remote_id = v_result.remote_id
    );
    if not private.reopen_attempt(v_attempt, v_result.remote_id, p_now) then
      update public.publish_attempts
      set status = 'accepted', remote_id = v_result.remote_id, finished_at = p_now
      where post_id = v_result.post_id
        and position = v_result.position
        and number = v_result.number
        and status <> 'accepted';
      continue when v_is_known;
    end if;
    perform private.tell_late_answer(
      v_result.post_id, v_result.position, v_result.remote_id, p_now
    );
  end loop;
end
$$;

comment on function private.record_late_answers(private.attempt_result[], timestamptz) is
  'Records answers to closed attempts; alerts when X took one that was given up as absent.';

-- Accepted, although no attempt of theirs was open.
create function private.late_answers(
  p_results private.attempt_result[], p_closed private.attempt_result[]
)
returns private.attempt_result[]
language sql
stable
set search_path = ''
as $$
  select array_agg(results)
  from unnest(p_results) as results
  left join unnest(p_closed) as closed using (post_id, position, number)
  where results.outcome = 'accepted'
    and closed.post_id is null
    and not exists (
      select from private.live_attempts as live
      where live.post_id = results.post_id
        and live.position = results.position
        and live.number = results.number
    );
$$;

comment on function private.late_answers(
  private.attempt_result[], private.attempt_result[]
) is 'Results by which X took a segment whose attempt was closed before; null when there are none.';

-- What X took of segments and no segment has, because it was told while the segment was being sent once
-- more, or its post was withdrawn. The earliest attempt of each counts.
create function private.unowned_attempts(p_post_ids uuid[])
returns setof public.publish_attempts
language sql
stable
set search_path = ''
as $$
  select distinct on (attempts.post_id, attempts.position) attempts.*
  from public.publish_attempts as attempts
  join public.post_segments as segments using (post_id, position)
  where attempts.post_id = any (p_post_ids)
    and attempts.status = 'accepted'
    and segments.status <> 'published'
    and not exists (
      select from private.remote_posts as owned
      where owned.network = 'x' and owned.remote_id = attempts.remote_id
    )
  order by attempts.post_id, attempts.position, attempts.number;
$$;

comment on function private.unowned_attempts(uuid[]) is
  'Attempts that X took, of segments that are not published: they may not be sent again.';

-- A segment that was sent once more, and X did not take that: what it had taken before is the segment.
create function private.answers_before(p_closed private.attempt_result[])
returns private.attempt_result[]
language sql
stable
set search_path = ''
as $$
  select array_agg(row(
    before.post_id, before.position, before.number, 'accepted', before.remote_id, before.http_status,
    null, before.sent_at, null, null
  )::private.attempt_result)
  from private.unowned_attempts(array(
    select post_id from unnest(p_closed) where number > 1 and outcome <> 'accepted'
  )) as before
  join unnest(p_closed) as closed
    on closed.post_id = before.post_id and closed.position = before.position;
$$;

comment on function private.answers_before(private.attempt_result[]) is
  'Answers to earlier attempts of segments that were sent once more in vain; null when there are none.';

-- A post can be withdrawn while nobody knows whether X has it.
create function private.require_not_taken(p_post_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_taken public.publish_attempts;
begin
  select * into v_taken from private.unowned_attempts(array[p_post_id]) limit 1;
  if found then
    perform private.refuse(409, 'already-published',
      format('X took segment %s after it had been given up: it is there as %s.',
        v_taken.position, v_taken.remote_id),
      'Cancel it. To send it once more on purpose, duplicate it with POST /posts/:id/duplicate.');
  end if;
end
$$;

comment on function private.require_not_taken(uuid) is
  'Refuses with 409 to send again what X turned out to have while the post was withdrawn.';
