-- Watching over publishing: the rescuer, the reconciler, the late policy, the tick.
--
-- No token can fence X: a frozen worker may still wake and POST. So an attempt without an answer is
-- looked for on X, and nothing is sent again before the last moment at which its worker could have
-- sent it: sending_at + 400 s (the longest life of a worker) + 20 s (the request's own limit).

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function private.quiet_time()
returns interval
language sql
immutable
set search_path = ''
as $$
  select interval '420 seconds';
$$;

comment on function private.quiet_time() is
  'After an attempt began: as long as its worker might still wake from a freeze and send it.';

-- Attempts whose worker did not report before its deadline.
create function private.rescue_attempts(
  p_limit int default 1000, p_now timestamptz default clock_timestamp()
)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_results private.attempt_result[];
begin
  v_results := array(
    select row(
      live.post_id, live.position, live.number, 'unknown', null, null,
      jsonb_build_object(
        'slug', 'worker-lost', 'who', 'provider',
        'detail', 'The worker stopped before it could say whether X took the post.',
        'remedy', 'Nothing to do: the account''s posts are being read to find out.'
      ),
      null, null, null, null
    )::private.attempt_result
    from private.live_attempts as live
    where live.next_look_at is null and live.deadline_at <= p_now
    order by live.deadline_at
    limit p_limit
  );
  if v_results <> '{}' then
    perform private.settle_results(v_results, p_now);
  end if;
  return cardinality(v_results);
exception
  -- The heartbeat goes on for everybody else.
  when others then
    perform private.raise_alert(
      'rescue-failed', '', sqlerrm, 'Read the row of private.live_attempts with the oldest deadline_at.',
      p_now
    );
    return 0;
end
$$;

comment on function private.rescue_attempts(int, timestamptz) is
  'Turns attempts past their deadline into unknown ones. Returns how many.';

-- When to look again: often at first, then around the moment a resend becomes possible, then rarely.
create function private.next_look_after(p_look_count int)
returns interval
language sql
immutable
set search_path = ''
as $$
  select least(interval '15 seconds' * 2 ^ least(p_look_count, 10), interval '15 minutes');
$$;

comment on function private.next_look_after(int) is 'Backoff of the reconciler: 15 s doubling to 15 min.';

-- The lease of a look is its next time: a look whose worker dies is simply made again. Accounts that
-- have no usable tokens are asked about once an hour; connecting them again wakes their looks.
create function service.claim_looks(
  p_limit int default 50, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_looks jsonb;
begin
  with due as (
    select live.post_id, live.position, accounts.status in ('active', 'paused') as has_tokens
    from private.live_attempts as live
    join public.accounts on accounts.id = live.account_id
    where live.next_look_at <= p_now
    order by live.next_look_at
    limit p_limit
    for update of live skip locked
  ), looked as (
    update private.live_attempts as live
    set
      look_count = live.look_count + due.has_tokens::int,
      look_id = case when due.has_tokens then gen_random_uuid() end,
      looked_at = p_now,
      next_look_at = p_now
        + case when due.has_tokens then interval '60 seconds' else interval '1 hour' end
    from due
    where live.post_id = due.post_id and live.position = due.position
    returning live.*
  )
  select jsonb_agg(jsonb_build_object(
    'post_id', looked.post_id, 'position', looked.position, 'number', looked.number,
    'look_id', looked.look_id,
    'account_id', looked.account_id, 'workspace_id', looked.workspace_id,
    -- An earlier attempt that was given up as absent may be what X shows now.
    'sending_at', least(looked.sending_at, (
      select min(attempts.sending_at)
      from public.publish_attempts as attempts
      where attempts.post_id = looked.post_id
        and attempts.position = looked.position
        and attempts.status = 'abandoned'
        and attempts.error ->> 'slug' = 'not-on-x'
    )),
    'text', segments.text, 'reply_to', previous.remote_id,
    'remote_user_id', accounts.remote_user_id, 'x_app_id', accounts.x_app_id,
    'encrypted_tokens', tokens.encrypted_tokens,
    'tokens_expire_at', tokens.expires_at, 'tokens_version', tokens.version
  ))
  into v_looks
  from looked
  join public.post_segments as segments
    on segments.post_id = looked.post_id and segments.position = looked.position
  left join public.post_segments as previous
    on previous.post_id = looked.post_id and previous.position = looked.position - 1
  join public.accounts on accounts.id = looked.account_id
  join private.account_tokens as tokens on tokens.account_id = looked.account_id
  where looked.look_id is not null;
  return jsonb_build_object('now', p_now, 'looks', coalesce(v_looks, '[]'));
end
$$;

comment on function service.claim_looks(int, timestamptz) is
  'Unknown attempts to look for on X now, each leased for 60 s.';

create function private.tg_accounts__wake_looks()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  update private.live_attempts
  set next_look_at = clock_timestamp()
  where account_id = new.id and next_look_at < 'infinity';
  return new;
end
$$;

create trigger accounts_after_update_wake_looks
  after update of status on public.accounts
  for each row when (
    new.status = 'active' and old.status in ('needs_reauth', 'disconnected')
  )
  execute function private.tg_accounts__wake_looks();

-- Of what a look found, posts that are ours already belong to other segments.
create function service.list_owned_remote_ids(p_remote_ids text[], p_network text default 'x')
returns jsonb
language sql
stable
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  select coalesce(jsonb_agg(remote_id), '[]')
  from private.remote_posts
  where network = p_network and remote_id = any (p_remote_ids);
$$;

comment on function service.list_owned_remote_ids(text[], text) is
  'Which of these ids belong to segments already: [remote_id].';

-- Sent again only after two looks of "absent" past the quiet time, only where X itself refuses
-- duplicates (a text that is no reply), and only if the workspace allows it. What X refused as a
-- duplicate without showing the first one is refused for good. Else a person decides.
create function private.give_up_absent(p_post_ids uuid[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_post_ids uuid[];
begin
  perform private.settle_results(array(
    select row(
      live.post_id, live.position, live.number,
      case when doubt.is_duplicate then 'refused' else 'retry' end, null, null,
      case when doubt.is_duplicate then attempts.error else jsonb_build_object(
        'slug', 'not-on-x', 'who', 'provider',
        'detail', 'X did not have the post when nothing could send it any more.',
        'remedy', 'Nothing to do: it is sent again.'
      ) end,
      null, p_now, null, null
    )::private.attempt_result
    from private.live_attempts as live
    join public.workspaces on workspaces.id = live.workspace_id
    join public.publish_attempts as attempts using (post_id, position, number)
    cross join lateral (
      select attempts.error ->> 'slug' is not distinct from 'duplicate-content' as is_duplicate
    ) as doubt
    where live.post_id = any (p_post_ids)
      and live.absent_count >= 2
      and (doubt.is_duplicate or live.position = 0 and workspaces.resend_when_absent)
  ), p_now);

  with left_over as (
    update private.live_attempts
    set next_look_at = 'infinity'
    where post_id = any (p_post_ids) and absent_count >= 2
    returning post_id, position
  ), told as (
    update public.posts
    set
      failure = jsonb_build_object(
        'slug', 'not-on-x', 'who', 'author', 'segment', left_over.position,
        'detail', 'X does not show the post, and it is not sent again by itself.',
        'remedy', 'Look at the account on X, then settle it with POST /posts/:id/resolve.'
      ),
      updated_at = p_now
    from left_over
    where posts.id = left_over.post_id
    returning posts.id
  )
  select array_agg(id) into v_post_ids from told;
  perform private.emit_outcomes(v_post_ids);
end
$$;

comment on function private.give_up_absent(uuid[], timestamptz) is
  'Sends again what X provably does not have, or leaves it to a person.';

-- p_verdicts: [{post_id, position, number, look_id, verdict: found | absent | no_evidence, remote_id,
-- sent_at}]. A find is evidence whenever it comes; other verdicts count once, for the look under way.
create function service.settle_looks(
  p_verdicts jsonb, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '8s'
as $$
declare
  v_post_ids uuid[];
begin
  perform private.lock_lanes(array(
    select live.account_id
    from private.live_attempts as live
    join jsonb_to_recordset(p_verdicts) as looks (post_id uuid) using (post_id)
  ));
  perform private.settle_results(array(
    select row(
      found.post_id, found.position, found.number, 'accepted', found.remote_id, null, null,
      found.sent_at, null, null, null
    )::private.attempt_result
    from jsonb_to_recordset(p_verdicts) as found (
      post_id uuid, position smallint, number smallint, verdict text, remote_id text,
      sent_at timestamptz
    )
    where found.verdict = 'found'
  ), p_now);

  with looked as (
    update private.live_attempts as live
    set
      absent_count = live.absent_count + (
        looks.verdict = 'absent' and live.looked_at > live.sending_at + private.quiet_time()
      )::int,
      look_id = null,
      next_look_at = p_now + private.next_look_after(live.look_count)
    from jsonb_to_recordset(p_verdicts) as looks (
      post_id uuid, position smallint, number smallint, look_id uuid, verdict text
    )
    where live.post_id = looks.post_id
      and live.position = looks.position
      and live.number = looks.number
      and live.look_id = looks.look_id
    returning live.post_id
  )
  select array_agg(post_id) into v_post_ids from looked;
  perform private.give_up_absent(v_post_ids, p_now);
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.settle_looks(jsonb, timestamptz) is
  'What the reconciler saw. "absent" counts only past the quiet time of the attempt.';

-- A person who looked at X settles what the reconciler could not.
create function private.resolve_post(
  p_post_id uuid, p_remote_id text, p_version int, p_now timestamptz
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_post public.posts := private.lock_post(p_post_id, 'editor', p_version);
  v_quiet_at timestamptz;
begin
  if v_post.status <> 'unconfirmed' then
    perform private.refuse(409, 'nothing-to-resolve',
      format('The post is %s, not unconfirmed.', v_post.status), 'Read the post again.');
  elsif exists (select from private.remote_posts where network = 'x' and remote_id = p_remote_id) then
    perform private.refuse(409, 'remote-id-taken', 'This id belongs to another post.',
      'Check the id on X.');
  end if;

  -- Absent now is no promise while a frozen worker might still send it.
  select max(sending_at) + private.quiet_time() into v_quiet_at
  from private.live_attempts
  where post_id = p_post_id;
  if p_remote_id is null and v_quiet_at > p_now then
    perform private.refuse(409, 'post-in-flight',
      format('The post may still be sent until %s.', to_char(v_quiet_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
      'Look at X and settle it after that; an id found there can be given at once.');
  end if;

  perform private.settle_results(array(
    select row(
      live.post_id, live.position, live.number,
      case when p_remote_id is null then 'refused' else 'accepted' end,
      p_remote_id, null,
      jsonb_build_object(
        'slug', 'resolved-as-absent', 'who', 'author',
        'detail', 'Somebody looked at X and did not find the post.',
        'remedy', 'Schedule it again if it is still wanted.'
      ),
      null, null, null, null
    )::private.attempt_result
    from private.live_attempts as live
    where live.post_id = p_post_id
  ), p_now);
  select * into v_post from public.posts where id = p_post_id;
  return private.post_document(v_post);
end
$$;

create function public.resolve_post(
  p_post_id uuid, p_remote_id text default null, p_version int default null
)
returns jsonb
language sql
set search_path = ''
as $$
  select private.resolve_post(p_post_id, p_remote_id, p_version, clock_timestamp());
$$;

comment on function public.resolve_post(uuid, text, int) is
  'Settles an unconfirmed post: p_remote_id is its id on X, or null when it is not there. Role editor.';

-- Posts that are later than their policy allows wait for a person, or are missed.
create function private.apply_late_policy(
  p_limit int default 1000, p_now timestamptz default clock_timestamp()
)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_post_ids uuid[];
begin
  with stale as (
    select jobs.post_id, jobs.account_id
    from private.publish_jobs as jobs
    join private.account_lanes as lanes on lanes.account_id = jobs.account_id
    where jobs.state = 'waiting' and jobs.stale_at <= p_now and jobs.stale_at < 'infinity'
    order by jobs.stale_at
    limit p_limit
    for update of lanes, jobs skip locked
  ), dropped as (
    delete from private.publish_jobs as jobs
    using stale
    where jobs.post_id = stale.post_id
    returning jobs.post_id
  ), changed as (
    update public.posts
    set
      status = case posts.late_policy when 'miss' then 'missed' else 'held' end,
      held_reason = case posts.late_policy when 'miss' then null else 'stale' end,
      updated_at = p_now
    where posts.id = any (array(select post_id from dropped)) and posts.status = 'scheduled'
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

comment on function private.apply_late_policy(int, timestamptz) is
  'Holds or misses posts past late_after. Returns how many.';

-- A thread that has begun and cannot go on within a minute says so. Its job keeps waiting: it goes
-- on by itself when its account may send again.
create function private.park_threads(
  p_limit int default 1000, p_now timestamptz default clock_timestamp()
)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_post_ids uuid[];
begin
  with stuck as (
    select jobs.post_id, jobs.position
    from private.publish_jobs as jobs
    join private.account_lanes as lanes on lanes.account_id = jobs.account_id
    join public.posts on posts.id = jobs.post_id and posts.status = 'publishing'
    where jobs.position > 0
      and jobs.state = 'waiting'
      and greatest(jobs.run_at, lanes.ready_at) > p_now + interval '1 minute'
    limit p_limit
    for update of lanes, jobs skip locked
  ), parked as (
    update public.posts
    set
      status = 'partially_published',
      failure = jsonb_build_object(
        'slug', 'thread-waiting', 'who', 'account', 'segment', stuck.position,
        'detail', 'The rest of the thread waits until the account may send again.',
        'remedy', 'Nothing to do for a rate limit. Resume or connect the account when it is paused or disconnected.'
      ),
      updated_at = p_now
    from stuck
    where posts.id = stuck.post_id and posts.status = 'publishing'
    returning posts.id
  )
  select coalesce(array_agg(id), '{}') into v_post_ids from parked;

  perform private.emit_outcomes(v_post_ids);
  return cardinality(v_post_ids);
end
$$;

comment on function private.park_threads(int, timestamptz) is
  'Shows threads that have to wait as partially published. Returns how many.';

create function private.watch_posts(p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.apply_late_policy(p_now => p_now);
  perform private.park_threads(p_now => p_now);
exception
  -- What is due goes out all the same.
  when others then
    perform private.raise_alert(
      'late-policy-failed', '', sqlerrm, 'Late posts are not held or missed until this is put right.',
      p_now
    );
end
$$;

comment on function private.watch_posts(timestamptz) is
  'Late posts and waiting threads. Never raises.';

-- A restore or a promotion brings back a past in which sent posts are unsent: hold everything.
create function private.watch_incarnation(p_now timestamptz default clock_timestamp())
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_held boolean := private.is_publishing_held();
begin
  if v_held then
    update private.incarnation set held_since = p_now where held_since is null;
    perform private.raise_alert(
      'publishing-held', '', 'This database is a restored or promoted one: nothing is sent.',
      'Make sure what X already has, then run select private.resume_publishing();', p_now
    );
  else
    update private.incarnation set seen_at = p_now where seen_at < p_now - interval '1 minute';
  end if;
  return v_held;
end
$$;

comment on function private.watch_incarnation(timestamptz) is
  'True while publishing is held because the database is not the one that last published.';

create function private.resume_publishing()
returns void
language sql
set search_path = ''
as $$
  update private.incarnation
  set
    system_identifier = control.system_identifier,
    timeline = checkpoint.timeline_id,
    held_since = null,
    seen_at = now()
  from pg_catalog.pg_control_system() as control,
    pg_catalog.pg_control_checkpoint() as checkpoint;
  select private.clear_alert('publishing-held');
$$;

comment on function private.resume_publishing() is
  'An operator''s word that this database may publish from here on.';

-- How often to ring: once for each worker that ready lanes need beyond the live ones, and at least
-- once when something is to be looked for on X or revoked there.
create function private.missing_workers(
  p_lanes_per_worker int default 500, p_max int default 4,
  p_now timestamptz default clock_timestamp()
)
returns int
language sql
stable
set search_path = ''
as $$
  select greatest(
    least(p_max, ceil(ready.lanes::numeric / p_lanes_per_worker)::int) - alive.workers,
    (
      exists (select from private.live_attempts where next_look_at <= p_now)
      or exists (select from private.token_revocations where next_try_at <= p_now)
    )::int
  )
  from (
    select count(*) as lanes
    from (
      select from private.account_lanes
      where ready_at <= p_now + interval '5 seconds'
        and (claim_id is null or lease_expires_at <= p_now)
      limit p_lanes_per_worker * p_max
    ) as lanes
  ) as ready, (
    select count(*)::int as workers
    from private.publish_workers
    where seen_at > p_now - interval '6 seconds'
  ) as alive;
$$;

comment on function private.missing_workers(int, int, timestamptz) is
  'How often the tick rings publish; 0 when nothing is due.';

create function service.leave_worker(p_worker_id uuid)
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  with gone as (
    delete from private.publish_workers where id = p_worker_id returning 1
  )
  select to_jsonb(private.missing_workers()) from (select count(*) from gone) as counted;
$$;

comment on function service.leave_worker(uuid) is
  'A worker takes no more batches. Returns how many workers are missing without it.';

create function service.ring_publish()
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  select to_jsonb(private.ring('publish'));
$$;

comment on function service.ring_publish() is 'A leaving worker rings its successor.';

-- Every few seconds. With nothing due it reads a few index pages and calls nobody.
create function private.tick(p_now timestamptz default clock_timestamp())
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_missing int;
begin
  if not pg_try_advisory_xact_lock(hashtext('private.tick')) then
    return 0;
  end if;
  delete from private.publish_workers where seen_at < p_now - interval '10 minutes';
  perform private.rescue_attempts(p_now => p_now);
  if private.watch_incarnation(p_now) then
    return 0;
  end if;
  perform private.watch_posts(p_now);
  delete from private.alerts
  where kind = 'x-app-blocked'
    and not exists (
      select from private.x_apps
      where x_apps.id::text = alerts.subject and x_apps.breaker_open_until > p_now
    );

  v_missing := private.missing_workers(p_now => p_now);
  if v_missing > 0 then
    perform private.ring('publish', v_missing, p_now);
  end if;
  return v_missing;
end
$$;

comment on function private.tick(timestamptz) is
  'The heartbeat of publishing: rescue, late policy, and a ring when something is due.';

grant execute on function private.resolve_post(uuid, text, int, timestamptz) to authenticated;
grant execute on function public.resolve_post(uuid, text, int) to authenticated;
