-- Watching over publishing: the rescuer, the tick.
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

-- Attempts whose worker did not report before its deadline. Here and below, a lane that somebody holds has its
-- turn at the next tick: one that waited for it, holding others, could wait for ever.
create function private.rescue_attempts(
  p_limit int default 1000, p_now timestamptz default clock_timestamp()
)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_account_ids uuid[] := array(
    select lanes.account_id
    from private.account_lanes as lanes
    where lanes.account_id in (
      select live.account_id
      from private.live_attempts as live
      where live.next_look_at is null and live.deadline_at <= p_now
      order by live.deadline_at
      limit p_limit
    )
    for update skip locked
  );
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
      null, null, null
    )::private.attempt_result
    from private.live_attempts as live
    where live.account_id = any (v_account_ids)
      and live.next_look_at is null
      and live.deadline_at <= p_now
  );
  if v_results <> '{}' then
    perform private.settle_results(v_results, p_now);
  end if;
  perform private.clear_alert('rescue-failed');
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

-- A worker that has said nothing for ten seconds is given up before its leases end: what it was sending
-- is unknown, which is only looked at sooner, and its lanes are free. Should it live after all, its Go
-- finds the lanes gone, and its answers are adopted.
create function private.bury_workers(p_now timestamptz default clock_timestamp())
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_worker_ids uuid[] := array(
    select id from private.publish_workers where alive_at < p_now - interval '10 seconds'
  );
  v_account_ids uuid[];
begin
  if v_worker_ids = '{}' then
    return;
  end if;
  v_account_ids := array(
    select account_id
    from private.account_lanes
    where worker_id = any (v_worker_ids) and claim_id is not null
    for update skip locked
  );
  update private.live_attempts
  set deadline_at = p_now
  where account_id = any (v_account_ids) and next_look_at is null and deadline_at > p_now;
  perform private.refresh_lanes('{}', v_account_ids);
  delete from private.publish_workers as workers
  where workers.id = any (v_worker_ids)
    and not exists (
      select from private.account_lanes as lanes
      where lanes.worker_id = workers.id and lanes.claim_id is not null
    );
  perform private.clear_alert('rescue-failed', 'workers');
exception
  when others then
    perform private.raise_alert(
      'rescue-failed', 'workers', sqlerrm, 'Read private.publish_workers with the oldest alive_at.',
      p_now
    );
end
$$;

comment on function private.bury_workers(timestamptz) is
  'Frees the lanes of workers that fell silent; the rescuer takes what they were sending. Never raises.';

-- What workers do besides sending, under the names they know it by. Each line is an index probe or two, and
-- names only what may be taken: what is due and nobody may take would ring for as long as that lasts.
create function private.due_duties(p_now timestamptz)
returns text[]
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return array_remove(array[
    case when exists (select from private.live_attempts where next_look_at <= p_now)
      or exists (select from private.given_up_attempts where next_look_at <= p_now)
      then 'reconcile' end,
    case when exists (
      select from private.restored_accounts as restored
      where restored.next_look_at <= p_now
        and not exists (
          select from private.live_attempts as live
          where live.account_id = restored.account_id and live.next_look_at is null
        )
    ) then 'read_restored' end,
    case when exists (select from private.token_revocations where next_try_at <= p_now)
      then 'revoke_tokens' end,
    case when private.has_due_removals(p_now) then 'remove_posts' end,
    case when exists (select from private.key_rotation where next_batch_at <= p_now)
      then 'rotate_keys' end
  ], null);
end
$$;

comment on function private.due_duties(timestamptz) is
  'What may be looked for on X now, read there, revoked or deleted there, or encrypted anew.';

create function service.due_duties()
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  select to_jsonb(private.due_duties(clock_timestamp()));
$$;

comment on function service.due_duties() is
  'What a worker that was rung has to do besides sending, so that it asks for nothing that is not due.';

-- How often to ring for posts: once for each worker that ready lanes need beyond the live ones. While
-- publishing is held no lane is ready, whatever its row says. Lanes are counted only where another worker
-- may come, and no more of them than it takes to know how many.
create function private.missing_workers(
  p_lanes_per_worker int default 1000, p_max int default 4,
  p_now timestamptz default clock_timestamp(), p_at_most int default 4
)
returns int
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
as $$
declare
  v_alive int := (
    select count(*)
    from private.publish_workers
    -- Not those of a clock that was ahead until it was set back.
    where seen_at > p_now - interval '6 seconds' and seen_at <= p_now + interval '6 seconds'
  );
  v_room int := least(p_max - v_alive, p_at_most);
  v_ready int := 0;
begin
  if v_room > 0 and not private.is_publishing_held() then
    select count(*) into v_ready
    from (
      select from private.account_lanes
      where ready_at <= p_now + interval '5 seconds'
        and (claim_id is null or lease_expires_at <= p_now)
      -- One lane over what those before it carry is what the last worker is needed for.
      limit p_lanes_per_worker * (v_alive + v_room - 1) + 1
    ) as lanes;
  end if;
  return greatest(ceil(v_ready::numeric / p_lanes_per_worker)::int - v_alive, 0);
end
$$;

comment on function private.missing_workers(int, int, timestamptz, int) is
  'How many workers the lanes that are ready still need, p_at_most of them; 0 when none is ready.';

create function service.keep_worker(p_worker_id uuid, p_now timestamptz default clock_timestamp())
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
begin
  update private.publish_workers set alive_at = p_now where id = p_worker_id;
  return jsonb_build_object('is_known', found);
end
$$;

comment on function service.keep_worker(uuid, timestamptz) is 'A worker says that it lives.';

-- Only posts are worth a ring at once: other duties wait for the next tick, since one that nobody can do at
-- present would have each worker that leaves ring the next.
create function service.leave_worker(p_worker_id uuid, p_is_done boolean)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
begin
  if p_is_done then
    delete from private.publish_workers where id = p_worker_id;
  else
    update private.publish_workers set seen_at = '-infinity' where id = p_worker_id;
  end if;
  return to_jsonb(private.missing_workers(p_at_most => 1));
end
$$;

comment on function service.leave_worker(uuid, boolean) is
  'A worker takes no more batches, and is done when nothing of it is under way. Returns 1 when its lanes need another one, else 0.';

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

-- Every few seconds. With nothing due it reads a few index pages and calls nobody. Each duty is one
-- line and never raises, so that no capability's trouble stops another's.
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
  perform private.bury_workers(p_now);
  perform private.rescue_attempts(p_now => p_now);
  -- While publishing is held no post is called late: what X has is being read.
  if not private.watch_incarnation(p_now) then
    perform private.watch_posts(p_now);
    perform private.watch_media(p_now);
  end if;

  v_missing := greatest(
    private.missing_workers(p_now => p_now), (private.due_duties(p_now) <> '{}')::int
  );
  if v_missing > 0 then
    perform private.ring('publish', v_missing, p_now);
  end if;
  return v_missing;
end
$$;

comment on function private.tick(timestamptz) is
  'The heartbeat of publishing: rescue, late policy, hold, and a ring when something is due.';
