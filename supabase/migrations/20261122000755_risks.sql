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
        accounts.status not in ('needs_reauth', 'disconnected')
        and not tokens.scopes @> '{offline.access}', 'token', 'account',
        format('The account''s token ends at %s and cannot be renewed.', private.iso(tokens.expires_at)),
        'Connect the account again and allow offline access.', tokens.expires_at, 'infinity'
      ),
      (
        accounts.status not in ('needs_reauth', 'disconnected')
        and tokens.failing_since is not null, 'token', tokens.refresh_error ->> 'who',
        format(
          'The account''s token, which ends at %s, is not renewed: %s',
          private.iso(tokens.expires_at), tokens.refresh_error ->> 'detail'
        ),
        tokens.refresh_error ->> 'remedy', tokens.expires_at - interval '30 seconds', 'infinity'
      ),
      (
        lanes.closed_by @> '{budget}', 'budget', 'workspace', 'The budget of the workspace is spent.',
        'Raise the budget, or wait for the next period.', '-infinity', 'infinity'
      ),
      (
        lanes.blocked_until > p_now
        and not (tokens.failing_since is not null and lanes.blocked_until <= tokens.refresh_lease_expires_at), 'rate', 'provider',
        'The account sends nothing for now: a rate window is used up, or X was in trouble.',
        'Nothing to do: it goes on by itself, as long as the patience of its posts lasts.', '-infinity',
        lanes.blocked_until
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
      'X does not have all media of the post yet.'
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
      case
        when bool_and(isfinite(causes.until) is true)
          then format('It goes on at %s.', private.iso(max(causes.until)))
      end
    ),
    'remedy', coalesce(
      string_agg(distinct causes.remedy, ' ') filter (where causes.remedy not like 'Nothing to do%'),
      'Nothing to do: it goes on by itself.'
    )
  )
  from (
    select (found.risk).*
    from private.lane_risks(array[p_job.account_id], p_now) as found
    where found.since <= p_now
    union all
    select media.*
    from private.media_risk(p_job.post_id, p_job.account_id) as media
    where not p_job.media_ready
  ) as causes;
$$;

comment on function private.thread_failure(private.publish_jobs, timestamptz) is
  'Why the rest of a thread waits, and who can end that: {slug, segment, who, detail, remedy}.';

-- Foresight ----------

-- A rate window of an account, as Go counts it (private.count_sends): it begins with its first send.
create type private.rate_window as (capacity int, length interval, sent int, ends_at timestamptz);

-- Sends one more at p_at. capacity null: no limit.
create function private.window_after(p_window private.rate_window, p_at timestamptz)
returns private.rate_window
language sql
immutable
set search_path = ''
as $$
  select row(
    p_window.capacity, p_window.length,
    case when p_window.ends_at > p_at then p_window.sent else 0 end + 1,
    case when p_window.ends_at > p_at then p_window.ends_at else p_at + p_window.length end
  )::private.rate_window;
$$;

comment on function private.window_after(private.rate_window, timestamptz) is
  'A rate window after one more send: that one counts in it, or begins a new one.';

-- Plays the next 24 hours of a lane as Go will: each segment counts, and the send that fills a window
-- closes the lane until its end. What runs out of patience before its turn is not sent and not counted.
create function private.foresee_waits(p_account_id uuid, p_now timestamptz)
returns table (post_id uuid, goes_at timestamptz, is_given_up boolean)
language plpgsql
stable
set search_path = ''
as $$
declare
  v_lane private.account_lanes;
  v_app private.x_apps;
  v_quarter private.rate_window;
  v_three private.rate_window;
  v_blocked timestamptz;
  v_open timestamptz;
  v_job record;
  v_at timestamptz;
begin
  select * into v_lane from private.account_lanes where account_id = p_account_id;
  select * into v_app from private.x_apps where id = v_lane.x_app_id;
  v_quarter := row(
    v_app.posts_per_15_min, interval '15 minutes', v_lane.sent_15_min, v_lane.ends_15_min
  );
  v_three := row(v_app.posts_per_3_h, interval '3 hours', v_lane.sent_3_h, v_lane.ends_3_h);
  v_blocked := greatest(v_lane.blocked_until, p_now);
  v_open := v_blocked;

  for v_job in
    select jobs.post_id, jobs.run_at, jobs.stale_at, jobs.position, count(*)::int as segments
    from private.publish_jobs as jobs
    join public.post_segments as segments
      on segments.post_id = jobs.post_id
      -- Go has counted what is being sent.
      and segments.position >= jobs.position + (jobs.state = 'sending')::int
    where jobs.account_id = p_account_id and jobs.run_at < p_now + interval '24 hours'
    group by jobs.post_id
    order by jobs.run_at, jobs.post_id
  loop
    is_given_up := v_job.position = 0 and v_job.stale_at <= greatest(v_job.run_at, v_open);
    v_at := greatest(v_job.run_at, v_open);
    for v_segment in 1 .. case when is_given_up then 0 else v_job.segments end loop
      v_at := greatest(v_job.run_at, v_open);
      v_quarter := private.window_after(v_quarter, v_at);
      v_three := private.window_after(v_three, v_at);
      v_open := greatest(
        v_open,
        case when v_quarter.sent >= v_quarter.capacity then v_quarter.ends_at end,
        case when v_three.sent >= v_three.capacity then v_three.ends_at end
      );
    end loop;
    -- That the lane is blocked now is a risk of its own.
    if v_at > greatest(v_job.run_at, v_blocked) + interval '1 minute' then
      post_id := v_job.post_id;
      goes_at := v_at;
      return next;
    end if;
  end loop;
end
$$;

comment on function private.foresee_waits(uuid, timestamptz) is
  'Posts of the next 24 hours for which the rate windows of their account will have no room in time, when their last segment goes out, or that they are given up before.';

create function private.foreseen_waits(p_account_ids uuid[], p_now timestamptz)
returns table (post_id uuid, risk private.risk)
language sql
stable
set search_path = ''
as $$
  select
    waits.post_id,
    row(
      'rate', 'author',
      format(
        'More is planned for the account than X lets it send%s: %s %s.',
        concat(
          ', ' || apps.posts_per_15_min || ' posts in 15 minutes',
          ', ' || apps.posts_per_3_h || ' in 3 hours'
        ),
        case when waits.is_given_up then 'its turn would come at' else 'all of this is out at' end,
        private.iso(waits.goes_at)
      ),
      case
        when waits.is_given_up
          then 'Spread the posts over more time or more accounts, or give it more patience with late_after_seconds.'
        else 'Spread the posts over more time or more accounts, or let it be late: it goes by itself.'
      end,
      waits.goes_at
    )::private.risk
  from unnest(p_account_ids) as wanted (account_id)
  join private.account_lanes as lanes on lanes.account_id = wanted.account_id
  join private.x_apps as apps on apps.id = lanes.x_app_id
  cross join lateral private.foresee_waits(wanted.account_id, p_now) as waits
  where num_nonnulls(apps.posts_per_15_min, apps.posts_per_3_h) > 0;
$$;

comment on function private.foreseen_waits(uuid[], timestamptz) is
  'Posts of the next 24 hours that will be late, or too late, because a rate window of their account will be full.';

-- Posts at risk ----------

-- Jobs of the next 24 hours that something keeps back, in the order they are due.
create function private.jobs_at_risk(
  p_workspace_id uuid, p_after jsonb, p_limit int, p_now timestamptz
)
returns table (
  post_id uuid, run_at timestamptz, stale_at timestamptz, is_ready boolean, is_cut boolean,
  risks private.risk[]
)
language sql
stable
set search_path = ''
as $$
  with mine as materialized (
    select id, can_self_reply from public.accounts where workspace_id = p_workspace_id
  ), found as materialized (
    select account_id, array_agg(risk) as risks, array_agg(since) as since
    from private.lane_risks(array(select id from mine), p_now)
    group by account_id
  ), foreseen as materialized (
    select * from private.foreseen_waits(array(select id from mine), p_now)
  )
  select jobs.post_id, jobs.run_at, jobs.stale_at, media.is_ready, threads.is_cut, kept.risks
  from mine
  join private.publish_jobs as jobs
    on jobs.account_id = mine.id
    and jobs.position = 0
    and jobs.state <> 'sending'
    and jobs.run_at < p_now + interval '24 hours'
  left join found on found.account_id = jobs.account_id
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
      select row(lane.slug, lane.who, lane.detail, lane.remedy, lane.until)::private.risk
      from unnest(found.risks, found.since)
        as lane (slug, who, detail, remedy, until, since)
      where lane.since <= jobs.run_at
        and jobs.run_at < lane.until
        -- What is foreseen begins with the window that is full now.
        and not (lane.slug = 'rate' and foreseen.post_id is not null)
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
          'patience_ends_at', case when isfinite(due.stale_at) then due.stale_at end,
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
