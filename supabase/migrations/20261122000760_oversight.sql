-- Oversight: how an account is doing, and how late its posts go out. Reads only.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Over the newest 5,000 attempts, which bounds what one look costs.
create function private.recent_lateness(
  p_account_id uuid, p_from timestamptz, p_to timestamptz
)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'from', p_from, 'to', p_to, 'count', count(*),
    'p50_ms', round(percentile_cont(0.5) within group (order by sent.late_ms)),
    'p95_ms', round(percentile_cont(0.95) within group (order by sent.late_ms)),
    'p99_ms', round(percentile_cont(0.99) within group (order by sent.late_ms))
  )
  from (
    select
      extract(epoch from posts.published_at - posts.scheduled_at)::double precision * 1000 as late_ms
    from (
      select attempts.post_id, attempts.position, attempts.status
      from public.publish_attempts as attempts
      where attempts.account_id = p_account_id
      order by attempts.post_id desc
      limit 5000
    ) as newest
    join public.posts on posts.id = newest.post_id
    where newest.position = 0
      and newest.status = 'accepted'
      and posts.published_at >= p_from
      and posts.published_at < p_to
  ) as sent;
$$;

comment on function private.recent_lateness(uuid, timestamptz, timestamptz) is
  'Sent minus scheduled, of first segments: {from, to, count, p50_ms, p95_ms, p99_ms}; nulls when none was sent.';

create function private.account_health(
  p_account_id uuid, p_period interval, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_account public.accounts := private.require_account(p_account_id, 'viewer');
begin
  return (
    select jsonb_build_object(
      'account_id', v_account.id, 'status', v_account.status,
      'status_detail', v_account.status_detail, 'can_self_reply', v_account.can_self_reply,
      'token', jsonb_build_object(
        'state', case
          when tokens.account_id is null then 'missing'
          when v_account.status = 'needs_reauth' then 'refused'
          when tokens.failing_since is not null then 'failing'
          when tokens.expires_at > p_now then 'valid'
          when tokens.scopes @> '{offline.access}' then 'renewable'
          else 'expired'
        end,
        'expires_at', tokens.expires_at,
        'failing_since', tokens.failing_since,
        'error', tokens.refresh_error
      ),
      'lane', jsonb_build_object(
        'is_open', lanes.closed_by = '{}' and lanes.blocked_until <= p_now
          and apps.breaker_open_until <= p_now and not private.is_publishing_held(),
        'closed_by', lanes.closed_by,
        'blocked_until', nullif(greatest(lanes.blocked_until, p_now), p_now),
        'app_blocked_until', case
          when apps.breaker_open_until > p_now and isfinite(apps.breaker_open_until)
            then apps.breaker_open_until
        end,
        'app_blocked_reason', case when apps.breaker_open_until > p_now then apps.breaker_reason end
      ),
      'rates', private.account_rates(p_account_id, p_now),
      'queue', (
        select jsonb_build_object('length', count(*), 'next_at', min(jobs.run_at))
        from private.publish_jobs as jobs
        where jobs.account_id = p_account_id
      ),
      'lateness', private.recent_lateness(p_account_id, p_now - p_period, p_now)
    )
    from private.account_lanes as lanes
    join private.x_apps as apps on apps.id = lanes.x_app_id
    left join private.account_tokens as tokens on tokens.account_id = lanes.account_id
    where lanes.account_id = p_account_id
  );
end
$$;

create function public.account_health(p_account_id uuid, p_period interval default interval '7 days')
returns jsonb
language sql
stable
set search_path = ''
as $$
  select private.account_health(p_account_id, p_period);
$$;

comment on function public.account_health(uuid, interval) is
  'Whether an account can send, what waits, and how late it was over a period. Role viewer.';

grant execute on function
  private.account_health(uuid, interval, timestamptz), public.account_health(uuid, interval)
to authenticated;
