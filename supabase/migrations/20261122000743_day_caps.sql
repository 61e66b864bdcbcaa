-- Day caps: an app that has used up its 24 hours is closed before X has to say so.
--
-- Its breaker closes by itself when the first window of its accounts ends.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
    breaker_reason = 'The X app has sent as many posts in 24 hours as X lets it.',
    breaker_remedy = 'Nothing to do: sending goes on by itself. More X apps can send more.',
    watch_at = p_now
  from spent
  where apps.id = spent.id;
  get diagnostics v_blocked = row_count;
  return v_blocked;
end
$$;

comment on function private.watch_day_caps(timestamptz) is
  'Closes apps that have used up their 24 hours, before X has to say so. Returns how many.';
