-- Skipped lanes: a worker could not begin, for want of a usable token.
--
-- They are left alone for longer than lanes are claimed ahead, so that nobody spins on them, or until the
-- token may be asked for again; and the posts that are late for it say why.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Posts that are due and wait for a token of their account. The same reason again is no news.
create function private.tell_tokenless(p_account_ids uuid[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_post_ids uuid[];
begin
  with told as (
    update public.posts
    set
      failure = tokens.refresh_error || jsonb_build_object('segment', jobs.position),
      updated_at = p_now
    from private.publish_jobs as jobs
    join private.account_tokens as tokens on tokens.account_id = jobs.account_id
    where jobs.account_id = any (p_account_ids)
      and jobs.state = 'waiting'
      and jobs.run_at <= p_now + interval '5 seconds'
      and jobs.stale_at > p_now
      and tokens.refresh_error is not null
      and posts.id = jobs.post_id
      and posts.status = 'scheduled'
      and posts.failure ->> 'slug' is distinct from tokens.refresh_error ->> 'slug'
    returning posts.id
  )
  select array_agg(id) into v_post_ids from told;
  perform private.emit_outcomes(v_post_ids);
end
$$;

comment on function private.tell_tokenless(uuid[], timestamptz) is
  'Shows on due posts that X does not renew the token of their account, and why, with an event.';

create function private.skip_lanes(p_account_ids uuid[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.account_lanes as lanes
  set blocked_until = greatest(
    lanes.blocked_until,
    coalesce(
      (
        select tokens.refresh_lease_expires_at
        from private.account_tokens as tokens
        where tokens.account_id = lanes.account_id and tokens.failing_since is not null
      ),
      p_now + interval '10 seconds'
    )
  )
  where lanes.account_id = any (p_account_ids);
  perform private.tell_tokenless(p_account_ids, p_now);
end
$$;

comment on function private.skip_lanes(uuid[], timestamptz) is
  'Leaves lanes alone whose accounts have no usable token, and says so. The caller holds the locks.';
