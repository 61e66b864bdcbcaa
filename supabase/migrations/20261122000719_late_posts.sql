-- Late posts: those that are later than their authors allow are held or missed, and threads that cannot go on
-- say so.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Posts that are later than their policy allows wait for a person, or are missed. While an account was
-- not read after a restore, X may have what seems late: it is held, and the reading decides.
create function private.judge_late_posts(p_post_ids uuid[], p_now timestamptz)
returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
declare
  v_post_ids uuid[];
begin
  with dropped as (
    delete from private.publish_jobs as jobs
    using private.account_lanes as lanes
    where jobs.post_id = any (p_post_ids) and lanes.account_id = jobs.account_id
    returning jobs.post_id, lanes.closed_by @> array['restored'] as is_unread, case
      when lanes.closed_by @> array['restored'] then 'restored'
      when lanes.closed_by @> array['budget'] then 'budget'
      when lanes.closed_by && array['account', 'workspace', 'suspended'] then 'paused'
      else 'stale'
    end as held_reason
  ), changed as (
    update public.posts
    set
      status = case when posts.late_policy <> 'miss' or is_unread then 'held' else 'missed' end,
      held_reason = case when posts.late_policy <> 'miss' or is_unread then dropped.held_reason end,
      failure = case when is_unread then private.unread_failure() else posts.failure end,
      updated_at = p_now
    from dropped
    where posts.id = any (p_post_ids)
      and posts.id = dropped.post_id
      and posts.status = 'scheduled'
    returning posts.id
  )
  select coalesce(array_agg(id), '{}') into v_post_ids from changed;

  perform private.emit_outcomes(v_post_ids);
  perform private.refresh_lanes(array(
    select account_id from public.posts where id = any (v_post_ids)
  ));
  return cardinality(v_post_ids);
end
$$;

comment on function private.judge_late_posts(uuid[], timestamptz) is
  'Holds or misses late posts, all or none. Returns how many. The caller holds their lanes and jobs.';

-- One that cannot be judged is not sent either: its time comes after its patience has ended.
create function private.judge_late_posts_safely(p_post_ids uuid[], p_now timestamptz)
returns int
language plpgsql
set search_path = ''
as $$
begin
  return private.judge_late_posts(p_post_ids, p_now);
exception
  when transaction_rollback or lock_not_available then
    raise;
  when others then
    if cardinality(p_post_ids) = 1 then
      perform private.raise_alert(
        'late-policy-failed', p_post_ids[1]::text,
        format('Post %s is late and can be neither held nor missed: %s', p_post_ids[1], sqlerrm),
        'The post is not sent until this is put right. Report it as a fault of ours.', p_now
      );
      update private.publish_jobs
      set stale_at = p_now + interval '1 minute', run_at = p_now + interval '2 minutes'
      where post_id = p_post_ids[1];
      perform private.refresh_lanes(array(
        select account_id from private.publish_jobs where post_id = p_post_ids[1]
      ));
      return 0;
    end if;
    return (
      select sum(private.judge_late_posts_safely(array[post_id], p_now))
      from unnest(p_post_ids) as post_id
    );
end
$$;

comment on function private.judge_late_posts_safely(uuid[], timestamptz) is
  'Judges late posts together, or one by one when a bad one is among them: that one is judged again after a minute.';

create function private.apply_late_policy(
  p_limit int default 1000, p_now timestamptz default clock_timestamp()
)
returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
begin
  -- A heartbeat that finds nothing costs next to nothing.
  if not exists (
    select from private.publish_jobs where stale_at <= p_now and stale_at < 'infinity'
  ) then
    return 0;
  end if;
  return private.judge_late_posts_safely(array(
    select jobs.post_id
    from private.publish_jobs as jobs
    join private.account_lanes as lanes on lanes.account_id = jobs.account_id
    where jobs.state = 'waiting' and jobs.stale_at <= p_now and jobs.stale_at < 'infinity'
    order by jobs.stale_at
    limit p_limit
    for update of lanes, jobs skip locked
  ), p_now);
end
$$;

comment on function private.apply_late_policy(int, timestamptz) is
  'Holds or misses posts past late_after. Returns how many.';

-- A thread that has begun and cannot go on within a minute, or has waited that long for its media, says
-- so and why. Its job keeps waiting: it goes on by itself when it may be sent again.
create function private.park_threads(
  p_limit int default 100, p_now timestamptz default clock_timestamp()
)
returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
declare
  v_post_ids uuid[];
begin
  if not exists (select from private.publish_jobs where position > 0) then
    return 0;
  end if;

  with stuck as (
    select jobs
    from private.publish_jobs as jobs
    join private.account_lanes as lanes on lanes.account_id = jobs.account_id
    join public.posts on posts.id = jobs.post_id
      and (posts.status = 'publishing' or posts.status = 'partially_published' and posts.failure is null)
    where jobs.position > 0
      and jobs.state = 'waiting'
      and (
        greatest(jobs.run_at, lanes.ready_at) > p_now + interval '1 minute'
        or not jobs.media_ready and jobs.run_at < p_now - interval '1 minute'
      )
    limit p_limit
    for update of lanes, jobs skip locked
  ), parked as (
    update public.posts
    set
      status = 'partially_published',
      failure = coalesce(posts.failure, private.thread_failure(stuck.jobs, p_now)),
      updated_at = p_now
    from stuck
    where posts.id = (stuck.jobs).post_id
    returning posts.id
  )
  select coalesce(array_agg(id), '{}') into v_post_ids from parked;

  perform private.emit_outcomes(v_post_ids);
  return cardinality(v_post_ids);
end
$$;

comment on function private.park_threads(int, timestamptz) is
  'Shows threads that have to wait as partially published. Returns how many.';

-- A post that could not be judged and was, or is late no more, since somebody withdrew or moved it.
create function private.clear_late_alerts(p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  delete from private.alerts
  where kind = 'late-policy-failed'
    and not exists (
      select from private.publish_jobs as jobs
      where jobs.post_id = nullif(alerts.subject, '')::uuid
        and jobs.stale_at <= p_now + interval '1 minute'
    );
$$;

comment on function private.clear_late_alerts(timestamptz) is
  'Closes what was said of late posts that are none any more.';

create function private.watch_posts(p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_error text;
begin
  -- What is due goes out all the same, and neither keeps the other from being done.
  begin
    perform private.apply_late_policy(p_now => p_now);
  exception
    when others then
      v_error := sqlerrm;
  end;
  begin
    perform private.park_threads(p_now => p_now);
    perform private.clear_late_alerts(p_now) where v_error is null;
  exception
    when others then
      v_error := concat_ws('; ', v_error, sqlerrm);
  end;
  if v_error is not null then
    perform private.raise_alert(
      'late-policy-failed', '', v_error,
      'Late posts are not held or missed, or waiting threads do not say so, until this is put right.', p_now
    );
  end if;
end
$$;

comment on function private.watch_posts(timestamptz) is
  'Late posts and waiting threads. Never raises.';
