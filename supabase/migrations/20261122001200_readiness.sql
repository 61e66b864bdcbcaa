-- Readiness: whether the service does its job right now, in figures anybody may see.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function service.readiness(p_now timestamptz default clock_timestamp())
returns jsonb
language sql
stable
security definer
set search_path = ''
set statement_timeout = '3s'
as $$
  select jsonb_build_object(
    'cron_age_seconds', (
      select extract(epoch from p_now - chores.done_at)::int
      from private.chores as chores
      where chores.name = 'publish'
    ),
    'is_publishing_held', private.is_publishing_held(),
    -- A lane that is ready and not taken: ready_at of a claimed one is the end of its lease.
    'publish_lag_seconds', (
      select greatest(extract(epoch from p_now - min(lanes.ready_at))::int, 0)
      from private.account_lanes as lanes
      where lanes.ready_at <= p_now
    ),
    'delivery_lag_seconds', (
      select greatest(extract(epoch from p_now - min(lanes.ready_at))::int, 0)
      from private.endpoint_lanes as lanes
      where lanes.ready_at <= p_now
    ),
    'leaves_end_at', (select min(horizons.ends_at) from private.partition_horizons() as horizons),
    'alerts', (
      select coalesce(
        jsonb_agg(
          jsonb_build_object('kind', alerts.kind, 'raised_at', alerts.raised_at)
          order by alerts.raised_at, alerts.kind
        ), '[]'
      )
      from private.alerts
    )
  );
$$;

comment on function service.readiness(timestamptz) is
  'Age of the last tick, lag of the queues, end of the leaves, open alerts. Lags are null when nothing waits.';
