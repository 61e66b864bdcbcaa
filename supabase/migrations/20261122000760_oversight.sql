-- Oversight: which posts are at risk, how an account is doing, how late its posts go out.
--
-- Reads only. What keeps an account from sending is a row of lane_risks(); a post is at risk when its
-- time lies within one.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Everything that keeps accounts of a workspace from sending, and until when as far as is known.
-- A risk without an end lasts until somebody acts.
create function private.lane_risks(p_workspace_id uuid, p_now timestamptz)
returns table (
  account_id uuid, slug text, detail text, remedy text, since timestamptz, until timestamptz
)
language sql
stable
set search_path = ''
as $$
  select lanes.account_id, risks.slug, risks.detail, risks.remedy, risks.since, risks.until
  from public.accounts
  join private.account_lanes as lanes on lanes.account_id = accounts.id
  join private.x_apps as apps on apps.id = lanes.x_app_id
  left join private.account_tokens as tokens on tokens.account_id = accounts.id
  cross join lateral (
    values
      (
        lanes.closed_by @> '{suspended}', 'suspended', 'The workspace is suspended.',
        'Ask the operator of this service.', '-infinity'::timestamptz, 'infinity'::timestamptz
      ),
      (
        lanes.closed_by @> '{workspace}', 'paused', 'The workspace is paused.',
        'Resume it with PATCH /workspaces/:id {"paused": false}.', '-infinity', 'infinity'
      ),
      (
        accounts.status = 'paused', 'paused', 'The account is paused.',
        'Resume it with PATCH /accounts/:id {"paused": false}.', '-infinity', 'infinity'
      ),
      (
        accounts.status in ('needs_reauth', 'disconnected'), 'token',
        'The account has to be connected again.',
        'Connect it again with POST /accounts/connect.', '-infinity', 'infinity'
      ),
      (
        tokens.account_id is not null and not tokens.scopes @> '{offline.access}', 'token',
        'The account''s token ends before that and cannot be renewed.',
        'Connect the account again and allow offline access.', tokens.expires_at, 'infinity'
      ),
      (
        lanes.closed_by @> '{budget}', 'budget', 'The budget of the workspace is spent.',
        'Raise the budget, or wait for the next period.', '-infinity', 'infinity'
      ),
      (
        lanes.blocked_until > p_now, 'rate', 'The account sends nothing more before that.',
        'Nothing to do: it goes on by itself.', '-infinity', lanes.blocked_until
      ),
      (
        apps.breaker_open_until > p_now, 'app-blocked',
        coalesce(apps.breaker_reason, 'X takes nothing from the app of the account.'),
        coalesce(apps.breaker_remedy, 'Nothing to do: it goes on by itself.'),
        '-infinity', apps.breaker_open_until
      ),
      (
        lanes.closed_by @> '{restored}' or private.is_publishing_held(), 'publishing-held',
        'The database was restored: the account is held until it is sure what X has.',
        'Nothing to do: it goes on by itself. See the alerts of GET /ready.', '-infinity', 'infinity'
      )
  ) as risks (is_so, slug, detail, remedy, since, until)
  where accounts.workspace_id = p_workspace_id and risks.is_so;
$$;

comment on function private.lane_risks(uuid, timestamptz) is
  'What keeps accounts of a workspace from sending: slug, detail, remedy, and the time it covers.';

create type private.risk as (slug text, detail text, remedy text, until timestamptz);

-- What the last failed try of an upload said, of the post's media that the account does not have yet.
create function private.media_risk(p_post_id uuid, p_account_id uuid)
returns private.risk
language sql
stable
set search_path = ''
as $$
  select row(
    'media',
    coalesce(
      max(failed.error ->> 'detail'),
      'X does not have all media of the post yet, and the time is near.'
    ),
    coalesce(
      max(failed.error ->> 'remedy'), 'Nothing to do: they are on their way or being processed.'
    ),
    null
  )::private.risk
  from (
    select uploads.error
    from public.post_segments as segments
    join private.media_uploads as uploads
      on uploads.media_id = any (segments.media_ids) and uploads.account_id = p_account_id
    where segments.post_id = p_post_id and uploads.state <> 'ready' and uploads.error is not null
    order by uploads.due_at desc
    limit 1
  ) as failed;
$$;

comment on function private.media_risk(uuid, uuid) is
  'Why a post whose media are not on X is at risk.';

create function private.risk_reasons(p_risks private.risk[], p_is_cut boolean)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_agg(jsonb_build_object(
    'slug', reasons.slug, 'detail', reasons.detail, 'remedy', reasons.remedy,
    'until', case when isfinite(reasons.until) then reasons.until end
  ))
  from (
    select * from unnest(p_risks)
    union all
    select
      'self-reply',
      'X does not let the account reply to itself: the thread would stop after its first segment.',
      'Make it one segment, or set can_self_reply of the account to true to try again.', null
    where p_is_cut
  ) as reasons;
$$;

comment on function private.risk_reasons(private.risk[], boolean) is
  'Why a post is at risk: [{slug, detail, remedy, until}].';

-- Jobs of the next 24 hours that something keeps back, in the order they are due.
create function private.jobs_at_risk(
  p_workspace_id uuid, p_after jsonb, p_limit int, p_now timestamptz
)
returns table (
  post_id uuid, run_at timestamptz, is_ready boolean, is_cut boolean, risks private.risk[]
)
language sql
stable
set search_path = ''
as $$
  with found as materialized (
    select * from private.lane_risks(p_workspace_id, p_now)
  )
  select due.*
  from public.accounts
  cross join lateral (
    select jobs.post_id, jobs.run_at, media.is_ready, threads.is_cut, kept.risks
    from private.publish_jobs as jobs
    cross join lateral (
      select not accounts.can_self_reply and exists (
        select from public.post_segments where post_id = jobs.post_id and position = 1
      ) as is_cut
    ) as threads
    cross join lateral (
      select jobs.media_ready or private.are_media_on_time(
        jobs.post_id, jobs.account_id, jobs.run_at, p_now
      ) as is_ready
    ) as media
    cross join lateral (
      select array(
        select row(found.slug, found.detail, found.remedy, found.until)::private.risk
        from found
        where found.account_id = jobs.account_id
          and found.since <= jobs.run_at
          and jobs.run_at < found.until
      ) as risks
    ) as kept
    where jobs.account_id = accounts.id
      and jobs.position = 0
      and jobs.state <> 'sending'
      and jobs.run_at < p_now + interval '24 hours'
      and (
        p_after is null
        or (jobs.run_at, jobs.post_id) > ((p_after ->> 0)::timestamptz, (p_after ->> 1)::uuid)
      )
      and (not media.is_ready or threads.is_cut or kept.risks <> '{}')
    order by jobs.run_at, jobs.post_id
    limit p_limit
  ) as due
  where accounts.workspace_id = p_workspace_id
  order by due.run_at, due.post_id
  limit p_limit;
$$;

comment on function private.jobs_at_risk(uuid, jsonb, int, timestamptz) is
  'Due jobs of a workspace, whether their media and their thread are in order, and what closes their lane.';

-- p_after: [due_at, post id] of the last post of the page before.
create function private.list_at_risk(
  p_workspace_id uuid, p_after jsonb, p_limit int, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid := coalesce(p_workspace_id, private.personal_workspace_id());
begin
  perform private.require_role(v_workspace_id, 'viewer');
  return (
    select coalesce(
      jsonb_agg(
        jsonb_build_object(
          'due_at', due.run_at,
          'post', private.post_document(posts),
          'reasons', private.risk_reasons(
            case when due.is_ready then due.risks
              else due.risks || private.media_risk(due.post_id, posts.account_id) end,
            due.is_cut
          )
        )
        order by due.run_at, due.post_id
      ), '[]'
    )
    from private.jobs_at_risk(v_workspace_id, p_after, p_limit, p_now) as due
    join public.posts on posts.id = due.post_id
  );
end
$$;

create function public.list_at_risk(
  p_workspace_id uuid, p_after jsonb default null, p_limit int default 50
)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select private.list_at_risk(p_workspace_id, p_after, least(greatest(p_limit, 1), 101));
$$;

comment on function public.list_at_risk(uuid, jsonb, int) is
  'Posts due within 24 h that would not go out as things stand, and why; the first due first, at most 101. Role viewer.';

-- Lateness ----------

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
          when tokens.expires_at > p_now then 'valid'
          when tokens.scopes @> '{offline.access}' then 'renewable'
          else 'expired'
        end,
        'expires_at', tokens.expires_at
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
  private.list_at_risk(uuid, jsonb, int, timestamptz),
  private.account_health(uuid, interval, timestamptz),
  public.list_at_risk(uuid, jsonb, int),
  public.account_health(uuid, interval)
to authenticated;
