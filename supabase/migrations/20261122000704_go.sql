-- Go: just before the instant, what was claimed may be sent.
--
-- Go re-checks everything that may have changed, commits the attempt as sending, and only what it
-- returns may be POSTed, once.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Here and below, the bounds of a batch's ids stand beside the ids: they alone keep the leaves of
-- other months out of a plan that is made once.

-- The attempts of one Go, with all a worker needs to send them.
create function private.sending_batch(p_go_id uuid, p_post_ids uuid[])
returns jsonb
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  v_post_ids uuid[] := array(select id from unnest(p_post_ids) as id order by id);
begin
  return (
    with parts as (
      select
        segments.post_id, segments.position, segments.text, segments.media_ids,
        lag(segments.remote_id) over in_order as previous_remote_id,
        lead(segments.position) over in_order is null as is_last
      from public.post_segments as segments
      where segments.post_id = any (v_post_ids)
        and segments.post_id between v_post_ids[1] and v_post_ids[cardinality(v_post_ids)]
      window in_order as (partition by segments.post_id order by segments.position)
    )
    select coalesce(jsonb_agg(jsonb_build_object(
      'post_id', live.post_id,
      'position', live.position,
      'number', live.number,
      'account_id', live.account_id,
      'text', parts.text,
      'media', case
        when parts.media_ids <> '{}' then private.remote_media(parts.media_ids, live.account_id)
      end,
      'media_losses', case
        when parts.media_ids <> '{}' and live.number > 1 then (
          select count(*)
          from public.publish_attempts as earlier
          where earlier.post_id = live.post_id
            and earlier.position = live.position
            and earlier.error ->> 'slug' = 'media-gone'
        )
      end,
      'reply_to', parts.previous_remote_id,
      'is_last', parts.is_last
    )), '[]')
    from private.live_attempts as live
    join parts using (post_id, position)
    where live.post_id = any (p_post_ids)
      and live.go_id = p_go_id
  );
end
$$;

comment on function private.sending_batch(uuid, uuid[]) is
  'What a Go allowed: [{post_id, position, number, account_id, text, media, media_losses, reply_to, is_last}].';

-- One post that a worker wants to send, the claim under which it holds the lane, and the instant it waits for.
create type private.go_request as (post_id uuid, claim_id uuid, run_at timestamptz);

-- The jobs that may be sent now: due, not canceled, not stale, of a lane that the claim holds, that
-- nothing closes and whose X app may send. The caller holds the locks of the lanes.
create function private.allowed_jobs(p_wanted private.go_request[], p_now timestamptz)
returns setof private.publish_jobs
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  v_post_ids uuid[] := array(select post_id from unnest(p_wanted));
begin
  return query
  select jobs.*
  from unnest(p_wanted) as wanted
  join private.publish_jobs as jobs on jobs.post_id = wanted.post_id
  join private.account_lanes as lanes
    -- Said so that the index on claim_id is no choice: it would read every lane that is claimed.
    on lanes.account_id = jobs.account_id and (lanes.claim_id = wanted.claim_id) is true
  join private.x_apps as apps on apps.id = lanes.x_app_id
  left join private.live_attempts as live
    on live.post_id = any (v_post_ids)
    and live.post_id = jobs.post_id and live.position = jobs.position
  where jobs.post_id = any (v_post_ids)
    and jobs.state = 'waiting'
    and jobs.media_ready
    and jobs.stale_at > p_now
    -- A job that moved is claimed anew: its worker would send it too early.
    and jobs.run_at <= greatest(p_now, wanted.run_at)
    and lanes.account_id = any (array(
      select account_id from private.publish_jobs where post_id = any (v_post_ids)
    ))
    and lanes.lease_expires_at > p_now
    -- Go is asked for a moment before the instant, which may be the end of a block.
    and lanes.blocked_until <= p_now + interval '100 milliseconds'
    and lanes.closed_by = '{}'
    and (
      apps.breaker_open_until <= p_now + interval '100 milliseconds'
      or apps.probe_account_id = jobs.account_id
    )
    and live.post_id is null;
end
$$;

comment on function private.allowed_jobs(private.go_request[], timestamptz) is
  'Which of the wanted posts may be sent now.';

-- p_account_ids: one for each post that goes out. The lane closes with the last post its window has
-- room for, before X has to say so.
create function private.count_sends(p_account_ids uuid[], p_lease interval, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
begin
  update private.account_lanes as lanes
  set
    lease_expires_at = p_now + p_lease,
    sent_15_min = counts.sent_15_min, ends_15_min = counts.ends_15_min,
    sent_3_h = counts.sent_3_h, ends_3_h = counts.ends_3_h,
    sent_24_h = counts.sent_24_h, ends_24_h = counts.ends_24_h,
    blocked_until = greatest(
      lanes.blocked_until,
      case when counts.sent_15_min >= apps.posts_per_15_min then counts.ends_15_min end,
      case when counts.sent_3_h >= apps.posts_per_3_h then counts.ends_3_h end
    )
  from (
    select account_id, count(*)::int as posts from unnest(p_account_ids) as account_id group by 1
  ) as sending
  join private.account_lanes as before
    on before.account_id = any (p_account_ids) and before.account_id = sending.account_id
  join private.x_apps as apps on apps.id = before.x_app_id
  cross join lateral (
    select
      case when before.ends_15_min > p_now then before.sent_15_min else 0 end + posts as sent_15_min,
      case when before.ends_3_h > p_now then before.sent_3_h else 0 end + posts as sent_3_h,
      case when before.ends_24_h > p_now then before.sent_24_h else 0 end + posts as sent_24_h,
      case when before.ends_15_min > p_now then before.ends_15_min
        else p_now + interval '15 minutes' end as ends_15_min,
      case when before.ends_3_h > p_now then before.ends_3_h
        else p_now + interval '3 hours' end as ends_3_h,
      case when before.ends_24_h > p_now then before.ends_24_h
        else p_now + interval '24 hours' end as ends_24_h
  ) as counts
  where lanes.account_id = any (p_account_ids) and lanes.account_id = before.account_id;
end
$$;

comment on function private.count_sends(uuid[], interval, timestamptz) is
  'Prolongs the leases of lanes that send, and counts what they send in their rate windows.';

create function private.start_attempts(
  p_go_id uuid, p_wanted private.go_request[], p_lease interval, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  v_post_ids uuid[] := array(select post_id from unnest(p_wanted) order by post_id);
  v_account_ids uuid[];
begin
  with posts as (
    update public.posts
    set status = 'publishing'
    from private.allowed_jobs(p_wanted, p_now) as allowed
    where posts.id = any (v_post_ids)
      and posts.id between v_post_ids[1] and v_post_ids[cardinality(v_post_ids)]
      and posts.id = allowed.post_id
      and posts.status in ('scheduled', 'publishing', 'partially_published')
    returning allowed.*
  ), earlier as (
    select post_id, position, max(number) as number
    from public.publish_attempts
    where post_id = any (v_post_ids)
      and post_id between v_post_ids[1] and v_post_ids[cardinality(v_post_ids)]
    group by post_id, position
  ), live as (
    insert into private.live_attempts (
      post_id, position, number, account_id, workspace_id, go_id, sending_at, deadline_at
    )
    select
      posts.post_id, posts.position, 1 + coalesce(earlier.number, 0), posts.account_id,
      posts.workspace_id, p_go_id, p_now, p_now + p_lease
    from posts
    left join earlier using (post_id, position)
  ), segments as (
    update public.post_segments as segments
    set status = 'sending'
    from posts
    where segments.post_id = any (v_post_ids)
      and segments.post_id between v_post_ids[1] and v_post_ids[cardinality(v_post_ids)]
      and segments.post_id = posts.post_id and segments.position = posts.position
  ), jobs as (
    update private.publish_jobs as jobs
    set state = 'sending'
    from posts
    where jobs.post_id = any (v_post_ids) and jobs.post_id = posts.post_id
  )
  select array_agg(account_id) into v_account_ids from posts;
  perform private.count_sends(v_account_ids, p_lease, p_now);
end
$$;

comment on function private.start_attempts(
  uuid, private.go_request[], interval, timestamptz
) is 'The commit of a Go, under the locks of its lanes.';

-- Whatever is wrong with one post must not stop the others of its Go, nor have every Go of a worker begin anew
-- several times a second: it is asked for again after a minute.
create function private.start_attempts_safely(
  p_go_id uuid, p_wanted private.go_request[], p_lease interval, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_one private.go_request;
begin
  perform private.start_attempts(p_go_id, p_wanted, p_lease, p_now);
exception
  when transaction_rollback or lock_not_available then
    raise;
  when others then
    if cardinality(p_wanted) = 1 then
      perform private.raise_alert(
        'go-refused', p_wanted[1].post_id::text, sqlerrm,
        'The post is not sent until this is put right. Report it as a fault of ours.', p_now
      );
      update private.publish_jobs
      set run_at = p_now + interval '1 minute'
      where post_id = p_wanted[1].post_id and state = 'waiting';
      return;
    end if;
    foreach v_one in array p_wanted loop
      perform private.start_attempts_safely(p_go_id, array[v_one], p_lease, p_now);
    end loop;
end
$$;

comment on function private.start_attempts_safely(
  uuid, private.go_request[], interval, timestamptz
) is 'Starts attempts together, or one by one when a bad one is among them.';
