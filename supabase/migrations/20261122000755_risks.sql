-- Risks: what keeps posts from going out in time, now and in the next 24 hours.
--
-- What keeps an account from sending is a row of lane_risks(); what its rate windows will have no room
-- for is foreseen by foreseen_waits(). Reads only.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create type private.risk as (slug text, who text, detail text, remedy text, until timestamptz);

-- Everything that keeps accounts from sending, and until when as far as is known.
-- A risk without an end lasts until somebody acts.
create function private.lane_risks(p_account_ids uuid[], p_now timestamptz)
returns table (account_id uuid, since timestamptz, risk private.risk)
language sql
stable
set search_path = ''
as $$
  select
    lanes.account_id, risks.since,
    row(risks.slug, risks.who, risks.detail, risks.remedy, risks.until)::private.risk
  from public.accounts
  join private.account_lanes as lanes on lanes.account_id = accounts.id
  join private.x_apps as apps on apps.id = lanes.x_app_id
  left join private.account_tokens as tokens on tokens.account_id = accounts.id
  cross join lateral (
    values
      (
        lanes.closed_by @> '{suspended}', 'suspended', 'operator', 'The workspace is suspended.',
        'Ask the operator of this service.', '-infinity'::timestamptz, 'infinity'::timestamptz
      ),
      (
        lanes.closed_by @> '{workspace}', 'paused', 'workspace', 'The workspace is paused.',
        'Resume it with PATCH /workspaces/:id {"paused": false}.', '-infinity', 'infinity'
      ),
      (
        accounts.status = 'paused', 'paused', 'account', 'The account is paused.',
        'Resume it with PATCH /accounts/:id {"paused": false}.', '-infinity', 'infinity'
      ),
      (
        accounts.status in ('needs_reauth', 'disconnected'), 'token', 'account',
        'The account has to be connected again.',
        'Connect it again with POST /accounts/connect.', '-infinity', 'infinity'
      ),
      (
        tokens.account_id is not null and not tokens.scopes @> '{offline.access}', 'token', 'account',
        'The account''s token ends before that and cannot be renewed.',
        'Connect the account again and allow offline access.', tokens.expires_at, 'infinity'
      ),
      (
        lanes.closed_by @> '{budget}', 'budget', 'workspace', 'The budget of the workspace is spent.',
        'Raise the budget, or wait for the next period.', '-infinity', 'infinity'
      ),
      (
        lanes.blocked_until > p_now, 'rate', 'provider',
        'The account sends nothing for now: a rate window is used up, or X was in trouble.',
        'Nothing to do: it goes on by itself.', '-infinity', lanes.blocked_until
      ),
      (
        apps.breaker_open_until > p_now, 'app-blocked', 'app',
        coalesce(apps.breaker_reason, 'X takes nothing from the app of the account.'),
        coalesce(apps.breaker_remedy, 'Nothing to do: it goes on by itself.'),
        '-infinity', apps.breaker_open_until
      ),
      (
        lanes.closed_by @> '{restored}' or private.is_publishing_held(), 'publishing-held',
        'provider', 'The database was restored: the account is held until it is sure what X has.',
        'Nothing to do: it goes on by itself. See the alerts of GET /ready.', '-infinity', 'infinity'
      )
  ) as risks (is_so, slug, who, detail, remedy, since, until)
  where accounts.id = any (p_account_ids) and risks.is_so;
$$;

comment on function private.lane_risks(uuid[], timestamptz) is
  'What keeps accounts from sending, and the time it covers: from since to the end of the risk.';

-- What the last failed try of an upload said, of the post's media that the account does not have yet.
create function private.media_risk(p_post_id uuid, p_account_id uuid)
returns private.risk
language sql
stable
set search_path = ''
as $$
  select row(
    'media', coalesce(max(failed.error ->> 'who'), 'provider'),
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
    'slug', reasons.slug, 'who', reasons.who, 'detail', reasons.detail, 'remedy', reasons.remedy,
    'until', case when isfinite(reasons.until) then reasons.until end
  ))
  from (
    select * from unnest(p_risks)
    union all
    select
      'self-reply', 'account',
      'X does not let the account reply to itself: the thread would stop after its first segment.',
      'Make it one segment, or set can_self_reply of the account to true to try again.', null
    where p_is_cut
  ) as reasons;
$$;

comment on function private.risk_reasons(private.risk[], boolean) is
  'Why a post is at risk: [{slug, who, detail, remedy, until}].';

-- A thread that has begun and waits: everything that keeps it back, what lasts longest first.
create function private.thread_failure(p_job private.publish_jobs, p_now timestamptz)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'slug', 'thread-waiting', 'segment', p_job.position,
    'who', coalesce((array_agg(causes.who order by causes.until desc nulls first))[1], 'provider'),
    'detail', concat_ws(
      ' ', 'The rest of the thread waits.',
      string_agg(causes.detail, ' ' order by causes.until desc nulls first),
      case when isfinite(max(causes.until)) then format('It goes on at %s.', private.iso(max(causes.until))) end
    ),
    'remedy', coalesce(
      string_agg(distinct causes.remedy, ' '), 'Nothing to do: it goes on by itself.'
    )
  )
  from (
    select (found.risk).*
    from private.lane_risks(array[p_job.account_id], p_now) as found
    where found.since <= p_now
    union all
    select (private.media_risk(p_job.post_id, p_job.account_id)).*
    where not p_job.media_ready
  ) as causes;
$$;

comment on function private.thread_failure(private.publish_jobs, timestamptz) is
  'Why the rest of a thread waits, and who can end that: {slug, segment, who, detail, remedy}.';

-- Foresight ----------

-- What is planned for accounts in the next 24 hours, one row for each segment and, first of all, for
-- each post that the current window has seen.
create function private.planned_sends(p_account_ids uuid[], p_now timestamptz)
returns table (
  account_id uuid, seconds int, capacity int, post_id uuid, run_at timestamptz, at timestamptz
)
language sql
stable
set search_path = ''
as $$
  with windows as (
    select lanes.account_id, kinds.*
    from private.account_lanes as lanes
    join private.x_apps as apps on apps.id = lanes.x_app_id
    cross join lateral (
      values
        (900, apps.posts_per_15_min, lanes.sent_15_min, lanes.ends_15_min),
        (10800, apps.posts_per_3_h, lanes.sent_3_h, lanes.ends_3_h)
    ) as kinds (seconds, capacity, sent, ends_at)
    where lanes.account_id = any (p_account_ids) and kinds.capacity is not null
  ), planned as (
    select jobs.account_id, jobs.post_id, jobs.run_at
    from private.publish_jobs as jobs
    join public.post_segments as segments
      on segments.post_id = jobs.post_id and segments.position >= jobs.position
    where jobs.account_id = any (p_account_ids) and jobs.run_at < p_now + interval '24 hours'
  )
  select
    windows.account_id, windows.seconds, windows.capacity, null, null,
    windows.ends_at - make_interval(secs => windows.seconds)
  from windows
  cross join generate_series(1, windows.sent)
  where windows.ends_at > p_now
  union all
  select
    windows.account_id, windows.seconds, windows.capacity, planned.post_id, planned.run_at,
    greatest(planned.run_at, p_now)
  from windows
  join planned on planned.account_id = windows.account_id;
$$;

comment on function private.planned_sends(uuid[], timestamptz) is
  'Sends that a rate window of an account counts: those it has seen, and those that are planned.';

-- A send goes out no earlier than one window after the one that many places before it. So the sends at
-- the same place of their windows follow one another, and the latest of them pushes the rest.
create function private.foreseen_waits(p_account_ids uuid[], p_now timestamptz)
returns table (post_id uuid, risk private.risk)
language sql
stable
set search_path = ''
as $$
  with placed as (
    select
      planned.*,
      row_number() over (
        partition by planned.account_id, planned.seconds
        order by planned.at, planned.post_id nulls first
      ) - 1 as place
    from private.planned_sends(p_account_ids, p_now) as planned
  ), timed as (
    select
      placed.*,
      max(placed.at - make_interval(secs => placed.seconds) * (placed.place / placed.capacity)) over (
        partition by placed.account_id, placed.seconds, placed.place % placed.capacity
        order by placed.place
      ) + make_interval(secs => placed.seconds) * (placed.place / placed.capacity) as goes_at
    from placed
  ), waits as (
    select
      timed.post_id, max(timed.goes_at) as goes_at,
      (array_agg(format('%s in %s minutes', timed.capacity, timed.seconds / 60) order by timed.goes_at desc))[1]
        as most
    from timed
    where timed.post_id is not null and timed.goes_at > greatest(timed.run_at, p_now) + interval '1 minute'
    group by timed.post_id
  )
  select
    waits.post_id,
    row(
      'rate', 'author',
      format(
        'More is planned for the account than X lets it send (%s posts): all of this is out at %s.',
        waits.most, private.iso(waits.goes_at)
      ),
      'Spread the posts over more time or more accounts, or let it be late: it goes by itself.',
      waits.goes_at
    )::private.risk
  from waits;
$$;

comment on function private.foreseen_waits(uuid[], timestamptz) is
  'Posts of the next 24 hours that will be late because a rate window of their account will be full.';

-- Posts at risk ----------

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
  with mine as materialized (
    select id, can_self_reply from public.accounts where workspace_id = p_workspace_id
  ), found as materialized (
    select * from private.lane_risks(array(select id from mine), p_now)
  ), foreseen as materialized (
    select * from private.foreseen_waits(array(select id from mine), p_now)
  )
  select jobs.post_id, jobs.run_at, media.is_ready, threads.is_cut, kept.risks
  from mine
  join private.publish_jobs as jobs
    on jobs.account_id = mine.id
    and jobs.position = 0
    and jobs.state <> 'sending'
    and jobs.run_at < p_now + interval '24 hours'
  left join foreseen on foreseen.post_id = jobs.post_id
  cross join lateral (
    select not mine.can_self_reply and exists (
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
      select found.risk
      from found
      where found.account_id = jobs.account_id
        and found.since <= jobs.run_at
        and jobs.run_at < (found.risk).until
    ) || array_remove(array[foreseen.risk], null) as risks
  ) as kept
  where (
      p_after is null
      or (jobs.run_at, jobs.post_id) > ((p_after ->> 0)::timestamptz, (p_after ->> 1)::uuid)
    )
    and (not media.is_ready or threads.is_cut or kept.risks <> '{}')
  order by jobs.run_at, jobs.post_id
  limit p_limit;
$$;

comment on function private.jobs_at_risk(uuid, jsonb, int, timestamptz) is
  'Due jobs of a workspace, whether their media and their thread are in order, and what keeps them back.';

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

grant execute on function
  private.list_at_risk(uuid, jsonb, int, timestamptz), public.list_at_risk(uuid, jsonb, int)
to authenticated;
