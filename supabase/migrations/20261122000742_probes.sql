-- Probes: how the breaker of an app closes again, and the tick that sees to it.
--
-- Where X names an end, it closes by itself. Where it does not (credits, a spending limit), one account
-- tries every few minutes: a herd would be refused as one. The first post that gets through closes it
-- for all; where every post waits for its media, the first file does.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Accounts that have a post to try do so; these have none before their media are on X.
create function private.find_uploader(p_app private.x_apps, p_now timestamptz)
returns uuid
language sql
stable
set search_path = ''
as $$
  select uploads.account_id
  from private.media_uploads as uploads
  join private.account_lanes as lanes on lanes.account_id = uploads.account_id
  where uploads.due_at <= p_now
    and uploads.state <> 'ready'
    and lanes.x_app_id = p_app.id
    and not lanes.closed_by && '{account, suspended, workspace}'
  order by (lanes.account_id = p_app.probe_account_id) is true, uploads.due_at
  limit 1;
$$;

comment on function private.find_uploader(private.x_apps, timestamptz) is
  'An account of the app with a due upload, another than the last one if there is one; null when none has one.';

-- Another account than last time, if there is one: its own trouble must not keep the app closed.
create function private.start_probe(p_app private.x_apps, p_now timestamptz)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  v_account_id uuid;
begin
  select lanes.account_id into v_account_id
  from public.accounts
  join private.account_lanes as lanes on lanes.account_id = accounts.id
  where accounts.x_app_id = p_app.id
    and lanes.claim_id is null
    and lanes.closed_by = '{}'
    and lanes.blocked_until <= p_now
    and exists (
      select from private.publish_jobs as jobs
      where jobs.account_id = lanes.account_id
        and jobs.state = 'waiting'
        and jobs.media_ready
        and jobs.run_at <= p_now
        and jobs.stale_at > p_now
    )
  order by (lanes.account_id = p_app.probe_account_id) is true
  limit 1
  for update of lanes skip locked;

  update private.account_lanes set ready_at = p_now where account_id = v_account_id;
  return coalesce(v_account_id, private.find_uploader(p_app, p_now));
end
$$;

comment on function private.start_probe(private.x_apps, timestamptz) is
  'Lets one account with a due post, or else a due upload, try whether X takes anything of its app; null when none has one.';

-- Lanes that found the breaker open while it closed are found by the calls that follow.
create function private.reopen_app_lanes(p_x_app_id uuid)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_account_ids uuid[];
begin
  select array_agg(account_id) into v_account_ids
  from (
    select lanes.account_id
    from public.accounts
    join private.account_lanes as lanes on lanes.account_id = accounts.id
    where accounts.x_app_id = p_x_app_id
      and lanes.ready_at = 'infinity'
      and lanes.claim_id is null
      and lanes.closed_by = '{}'
      and exists (
        select from private.publish_jobs as jobs
        where jobs.account_id = lanes.account_id and jobs.state = 'waiting' and jobs.media_ready
      )
    for update of lanes skip locked
  ) as waiting;
  perform private.refresh_lanes(v_account_ids);
  return coalesce(cardinality(v_account_ids), 0);
end
$$;

comment on function private.reopen_app_lanes(uuid) is
  'Puts the lanes of an app back in the queue after its breaker closed. Returns how many.';

create function private.watch_app(p_app private.x_apps, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_probe uuid;
  v_reopened int;
begin
  if p_app.breaker_open_until > p_now then
    perform private.announce_block(p_app);
    if p_app.probe_at <= p_now then
      v_probe := private.start_probe(p_app, p_now);
      p_app.probe_account_id := coalesce(v_probe, p_app.probe_account_id);
      p_app.probe_since := case when v_probe is null then p_app.probe_since else p_now end;
      -- A probe of which nothing is heard for a minute is given to another account.
      p_app.probe_at := p_now
        + case when v_probe is null then interval '15 seconds' else interval '1 minute' end;
    end if;
    update private.x_apps
    set
      probe_account_id = p_app.probe_account_id,
      probe_since = p_app.probe_since,
      probe_at = p_app.probe_at,
      watch_at = least(p_app.probe_at, p_app.breaker_open_until, p_now + interval '1 minute')
    where id = p_app.id;
    return;
  end if;

  v_reopened := private.reopen_app_lanes(p_app.id);
  perform private.announce_unblock(p_app.id);
  update private.x_apps
  set
    breaker_reason = null, breaker_remedy = null, probe_at = null, probe_account_id = null,
    -- Longer than any transaction that still saw the breaker open.
    watch_at = case
      when v_reopened > 0 or p_now < p_app.breaker_open_until + interval '15 seconds' then p_now
    end
  where id = p_app.id;
  if v_reopened > 0 then
    perform private.ring('publish', p_now => p_now);
  end if;
end
$$;

comment on function private.watch_app(private.x_apps, timestamptz) is
  'An app whose breaker is open, or has just closed: tells, probes, and puts lanes back.';

-- A post of a probe got through, so X takes posts of the app. Nothing else shows that: threads that stop,
-- and posts from before that are found at last, have the account's name, too. A worker's clock may be a
-- little behind.
create function private.close_breakers(p_closed private.attempt_result[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from private.x_apps where probe_account_id is not null) then
    update private.x_apps as apps
    set breaker_open_until = p_now, probe_account_id = null, watch_at = '-infinity'
    from unnest(p_closed) as results
    join public.posts on posts.id = results.post_id
    where results.outcome = 'accepted'
      and apps.probe_account_id = posts.account_id
      and apps.probe_since <= results.sent_at + interval '5 seconds';
  end if;
end
$$;

comment on function private.close_breakers(private.attempt_result[], timestamptz) is
  'Closes the breakers of apps by which a probe''s segment got through.';

create function private.end_upload_probe(p_account_id uuid, p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  update private.x_apps
  set breaker_open_until = p_now, probe_account_id = null, watch_at = '-infinity'
  where probe_account_id = p_account_id;
$$;

comment on function private.end_upload_probe(uuid, timestamptz) is
  'Closes the breaker of an app for which the account tried: X took a file of it.';

create function private.limits_tick(p_now timestamptz default clock_timestamp())
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_app private.x_apps;
  v_watched int := 0;
begin
  if not pg_try_advisory_xact_lock(hashtext('private.limits_tick')) then
    return 0;
  end if;
  perform private.watch_budgets(p_now);
  for v_app in
    select * from private.x_apps where watch_at <= p_now order by watch_at limit 50
    for update skip locked
  loop
    begin
      perform private.watch_app(v_app, p_now);
      perform private.clear_alert('app-watch-failed', v_app.id::text);
      v_watched := v_watched + 1;
    exception
      when others then
        perform private.raise_alert(
          'app-watch-failed', v_app.id::text, sqlerrm,
          'The app may stay blocked although X takes its posts.', p_now
        );
    end;
  end loop;
  return v_watched;
end
$$;

comment on function private.limits_tick(timestamptz) is
  'Every few seconds: budgets that are to be judged, and X apps that are blocked. Returns how many apps it looked at.';
