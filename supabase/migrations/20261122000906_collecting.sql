-- Collecting: workers claim accounts whose metrics are due, and give them back.
--
-- Where X said so, what is given back is not read for a while: the account, or all of its app.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function private.take_collection_lanes(
  p_claim_id uuid, p_limit int, p_lease interval, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
begin
  -- Lanes of an app whose credits are exhausted, or of a workspace whose budget is used up, step
  -- back, so that they hide no other lane.
  with blocked as (
    -- Nobody knows when there is money again; publishing finds out first.
    select
      lanes.account_id, apps.breaker_open_until > p_now as is_app_blocked,
      least(
        case when apps.breaker_open_until > p_now then apps.breaker_open_until end,
        p_now + interval '5 minutes'
      ) as until
    from private.collection_lanes as lanes
    join private.x_apps as apps on apps.id = lanes.x_app_id
    left join private.budgets on budgets.workspace_id = lanes.workspace_id
    where lanes.ready_at <= p_now
      and (
        apps.breaker_open_until > p_now
        or budgets.limit_micros <= private.budget_used(
          budgets.workspace_id, private.month_of((p_now at time zone 'UTC')::date)
        )
      )
    for update of lanes skip locked
  )
  update private.collection_lanes as lanes
  set
    blocked_until = case
      when blocked.is_app_blocked then greatest(lanes.blocked_until, blocked.until)
      else lanes.blocked_until
    end,
    ready_at = blocked.until, claim_id = null, claimed_at = null
  from blocked
  where lanes.account_id = blocked.account_id;

  with chosen as (
    select lanes.account_id
    from private.collection_lanes as lanes
    where lanes.ready_at <= p_now
    order by lanes.ready_at
    limit p_limit
    for update skip locked
  )
  update private.collection_lanes as lanes
  set claim_id = p_claim_id, claimed_at = p_now, ready_at = p_now + p_lease
  from chosen
  where lanes.account_id = chosen.account_id;
end
$$;

comment on function private.take_collection_lanes(uuid, int, interval, timestamptz) is
  'The claim itself: takes ready lanes, the longest ready first, skipping locked ones.';

create function private.collection_batch(p_claim_id uuid, p_per_lane int)
returns jsonb
language sql
stable
set search_path = ''
set enable_seqscan = off
as $$
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'account_id', lanes.account_id,
      'workspace_id', lanes.workspace_id,
      'x_app_id', lanes.x_app_id,
      'encrypted_tokens', tokens.encrypted_tokens,
      'tokens_expire_at', tokens.expires_at,
      'tokens_version', tokens.version,
      'segments', batch.segments
    )
    order by lanes.account_id
  ), '[]')
  from private.collection_lanes as lanes
  join private.account_tokens as tokens on tokens.account_id = lanes.account_id
  join lateral (
    select jsonb_agg(jsonb_build_object(
      'post_id', due.post_id, 'position', due.position, 'remote_id', due.remote_id
    )) as segments
    from (
      select schedules.post_id, schedules.position, schedules.remote_id
      from private.metric_schedules as schedules
      where schedules.account_id = lanes.account_id
        and schedules.next_collect_at <= lanes.claimed_at
      order by schedules.next_collect_at, schedules.post_id, schedules.position
      limit p_per_lane
    ) as due
  ) as batch on batch.segments is not null
  where lanes.claim_id = p_claim_id;
$$;

comment on function private.collection_batch(uuid, int) is
  'What a claim holds: accounts with their tokens and the segments to read.';

create function service.claim_collections(
  p_claim_id uuid, p_limit int default 50, p_per_lane int default 100,
  p_lease interval default interval '60 seconds',
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_accounts jsonb := '[]';
begin
  -- A restored database must not refresh tokens, and reading needs fresh ones.
  if not private.is_publishing_held() then
    if not exists (select from private.collection_lanes where claim_id = p_claim_id) then
      perform private.take_collection_lanes(p_claim_id, p_limit, p_lease, p_now);
    end if;
    v_accounts := private.collection_batch(p_claim_id, p_per_lane);
  end if;
  return jsonb_build_object(
    'now', p_now, 'lease_ms', extract(epoch from p_lease) * 1000, 'accounts', v_accounts
  );
end
$$;

comment on function service.claim_collections(uuid, int, int, interval, timestamptz) is
  'Claims accounts whose metrics are due, at most p_per_lane segments each; the same id returns the same batch.';

-- Credits are exhausted or the app's rate window is: no lane of the app reads until then. Publishing
-- is left alone, it learns the same from its own answers.
create function private.block_collection_apps(p_released jsonb, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_app record;
begin
  for v_app in
    select lanes.x_app_id, max(released.blocked_until) as until, max(released.detail) as detail
    from jsonb_to_recordset(p_released) as released (
      account_id uuid, scope text, blocked_until timestamptz, detail text
    )
    join private.collection_lanes as lanes using (account_id)
    where released.scope = 'app' and released.blocked_until is not null
    group by lanes.x_app_id
    order by lanes.x_app_id
  loop
    perform private.lock_collection_lanes(array(
      select account_id from private.collection_lanes where x_app_id = v_app.x_app_id
    ));
    update private.collection_lanes as lanes
    set
      blocked_until = greatest(lanes.blocked_until, v_app.until),
      ready_at = greatest(lanes.ready_at, v_app.until)
    where lanes.x_app_id = v_app.x_app_id;
    perform private.raise_alert(
      'metrics-blocked', v_app.x_app_id::text, coalesce(v_app.detail, 'The X app may not read.'),
      'Add credits to the X developer account if they are exhausted; a rate window ends by itself.',
      p_now
    );
  end loop;
end
$$;

comment on function private.block_collection_apps(jsonb, timestamptz) is
  'Keeps all lanes of an X app from reading metrics until the app may call again, and alerts.';

-- p_released: [{account_id, scope: account | app, blocked_until, detail}]
create function private.release_collections(
  p_claim_id uuid, p_released jsonb, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_account_ids uuid[];
begin
  perform private.block_collection_apps(p_released, p_now);
  perform private.lock_collection_lanes(array(
    select account_id from jsonb_to_recordset(p_released) as released (account_id uuid)
  ));
  with freed as (
    update private.collection_lanes as lanes
    set
      claim_id = null, claimed_at = null,
      blocked_until = greatest(lanes.blocked_until, released.blocked_until)
    from jsonb_to_recordset(p_released) as released (account_id uuid, blocked_until timestamptz)
    where lanes.account_id = released.account_id
      and lanes.claim_id = p_claim_id
    returning lanes.account_id
  )
  select array_agg(account_id) into v_account_ids from freed;
  perform private.refresh_collection_lanes(v_account_ids);
end
$$;

comment on function private.release_collections(uuid, jsonb, timestamptz) is
  'Gives back lanes a claim still holds, blocked for a while where X said so.';
