-- Readiness: whether the service does its job right now, in figures anybody may see.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- The newest run is at the end of the primary key; older ones are purged.
create function private.cron_age_seconds(p_jobname text, p_now timestamptz)
returns int
language sql
stable
set search_path = ''
as $$
  select extract(epoch from p_now - runs.start_time)::int
  from cron.job_run_details as runs
  join cron.job as jobs on jobs.jobid = runs.jobid
  where jobs.jobname = p_jobname
    and runs.start_time is not null
  order by runs.runid desc
  limit 1;
$$;

comment on function private.cron_age_seconds(text, timestamptz) is
  'How long ago cron last started a job; null when it never did.';

create function service.readiness(p_now timestamptz default clock_timestamp())
returns jsonb
language sql
stable
security definer
set search_path = ''
set statement_timeout = '3s'
as $$
  select jsonb_build_object(
    'cron_age_seconds', private.cron_age_seconds('myposts-tick', p_now),
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
