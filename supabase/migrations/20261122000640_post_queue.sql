-- The queue of a lane: how scheduled posts get into it, and out again.
--
-- A lane knows when its first job is due, and a worker may be waiting for a later one already. So
-- whoever changes a queue does it here: lanes are refreshed, idle claims taken back, workers woken.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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

-- A change of a post is no new schedule: what it had of its patience stays spent. From when a post that was
-- to go out however late counts, nobody has noted.
create function private.patience_from(p_post public.posts, p_now timestamptz)
returns timestamptz
language sql
stable
set search_path = ''
as $$
  select coalesce(
    (
      select jobs.stale_at - p_post.late_after
      from private.publish_jobs as jobs
      where jobs.post_id = p_post.id and isfinite(jobs.stale_at)
    ),
    greatest(p_post.scheduled_at, p_now)
  );
$$;

comment on function private.patience_from(public.posts, timestamptz) is
  'From when the patience of a queued post has been counted so far.';

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
