-- Day caps: an app that has used up its 24 hours is closed before X has to say so.
--
-- Its breaker closes by itself when the first window of its accounts ends, or when its cap is raised.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Lanes wait for the end that the breaker had. Those that somebody holds find that it is gone, but for who
-- had read the breaker by then: the minute's count takes their lanes.
create function private.reopen_capped_app(
  p_app private.x_apps, p_now timestamptz default clock_timestamp()
)
returns private.x_apps
language plpgsql
set search_path = ''
as $$
begin
  update private.x_apps as apps
  set breaker_open_until = p_now, watch_at = p_now
  where apps.id = p_app.id
    and apps.breaker_open_until = apps.capped_until
    and apps.capped_until > p_now
    and not exists (
      select from private.app_sends(apps.id, p_now) as sends
      where sends.sent >= apps.posts_per_day
    );
  select * into p_app from private.x_apps where id = p_app.id;
  if p_app.breaker_open_until <= p_now and p_app.capped_until > p_now then
    perform private.refresh_lanes(array(
      select lanes.account_id
      from private.account_lanes as lanes
      where lanes.x_app_id = p_app.id
        and lanes.ready_at = p_app.capped_until
        and lanes.claim_id is null
      for update skip locked
    ));
  end if;
  return p_app;
end
$$;

comment on function private.reopen_capped_app(private.x_apps, timestamptz) is
  'Lets an app go on that its cap had blocked and blocks no more, and its lanes. Returns the app as it is then.';

-- Places are planned by day; posts that were late take none on the day they are sent. So apps whose
-- day is nearly full are counted: what their accounts sent, in the windows that X counts as well.
create function private.watch_day_caps(p_now timestamptz default clock_timestamp())
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_blocked int;
begin
  perform private.reopen_capped_app(apps, p_now)
  from private.x_apps as apps
  where apps.capped_until > p_now;
  with crowded as (
    select distinct apps.id, apps.posts_per_day
    from private.app_days as days
    join private.x_apps as apps on apps.id = days.x_app_id
    where days.day >= (p_now at time zone 'UTC')::date - 1
      and days.day <= (p_now at time zone 'UTC')::date
      and days.taken >= apps.posts_per_day * 0.8
      and apps.breaker_open_until <= p_now
  ), spent as (
    select crowded.id, sends.ends_at as until
    from crowded
    cross join lateral private.app_sends(crowded.id, p_now) as sends
    where sends.sent >= crowded.posts_per_day
  )
  update private.x_apps as apps
  set
    breaker_open_until = spent.until,
    capped_until = spent.until,
    breaker_reason = 'The X app has sent as many posts in 24 hours as X lets it.',
    breaker_remedy =
      'Nothing to do: sending goes on by itself. When X lets the app send more, raise its posts_per_day.',
    watch_at = p_now
  from spent
  where apps.id = spent.id;
  get diagnostics v_blocked = row_count;
  return v_blocked;
end
$$;

comment on function private.watch_day_caps(timestamptz) is
  'Closes apps that have used up their 24 hours, before X has to say so, and opens those whose cap was raised. Returns how many it closed.';
