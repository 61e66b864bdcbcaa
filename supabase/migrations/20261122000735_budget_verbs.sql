-- What follows from budgets: lanes that close and open, what callers see and set, what validation
-- says, and what an operator asks. The holds themselves are the file before.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Budget stop ----------

-- More is committed for the running month than the limit allows: nothing is sent until somebody
-- raises it, withdraws posts, or the month is over. The caller holds the lanes of the workspace.
create function private.judge_budget(p_workspace_id uuid, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_month date := private.month_of((p_now at time zone 'UTC')::date);
  v_budget private.budgets;
  v_committed bigint;
  v_is_over boolean;
begin
  select * into v_budget from private.budgets where workspace_id = p_workspace_id for update;
  select coalesce(sum(committed), 0) into v_committed
  from private.budget_months
  where workspace_id = p_workspace_id and month = v_month;
  v_is_over := coalesce(v_committed > v_budget.limit_micros, false);

  update private.budgets
  set
    stopped_at = case when v_is_over then coalesce(stopped_at, p_now) end,
    judge_at = case
      when limit_micros is null then 'infinity'
      else (v_month + interval '1 month') at time zone 'UTC'
    end
  where workspace_id = p_workspace_id;
  if v_is_over = (v_budget.stopped_at is not null) then
    return;
  end if;

  if v_is_over then
    perform private.close_lanes(private.lanes_of(p_workspace_id), 'budget');
  else
    perform private.open_lanes(private.lanes_of(p_workspace_id), 'budget');
  end if;
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  values (
    p_workspace_id, case when v_is_over then 'budget.exhausted' else 'budget.restored' end,
    'workspace', p_workspace_id,
    jsonb_build_object(
      'month', to_char(v_month, 'YYYY-MM'), 'limit', private.usd(v_budget.limit_micros),
      'committed', private.usd(v_committed)
    )
  );
end
$$;

comment on function private.judge_budget(uuid, timestamptz) is
  'Closes the lanes of a workspace that has committed more than its limit, or opens them again.';

create function private.watch_budgets(p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_workspace_ids uuid[] := array(
    select workspace_id from private.budgets where judge_at <= p_now order by judge_at limit 200
  );
begin
  if v_workspace_ids = '{}' then
    return;
  end if;
  perform from public.workspaces where id = any (v_workspace_ids) order by id for no key update;
  perform private.lock_lanes(array(
    select id from public.accounts where workspace_id = any (v_workspace_ids)
  ));
  perform private.judge_budget(workspace_id, p_now)
  from unnest(v_workspace_ids) as workspace_id;
  perform private.clear_alert('budget-watch-failed');
exception
  when others then
    perform private.raise_alert(
      'budget-watch-failed', '', sqlerrm,
      'Stopped budgets are not opened, nor months begun, until this is put right.', p_now
    );
end
$$;

comment on function private.watch_budgets(timestamptz) is
  'Judges budgets at the turn of a month and when money came back. Never raises.';

-- An account that is connected while the budget is stopped waits like the others. Connecting has
-- waited for the lock of the workspace by then.
create function private.tg_accounts__obey_budget()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if exists (
    select from private.budgets where workspace_id = new.workspace_id and stopped_at is not null
  ) then
    perform private.close_lanes(array[new.id], 'budget');
  end if;
  return new;
end
$$;

create trigger accounts_after_insert_obey_budget
  after insert on public.accounts
  for each row execute function private.tg_accounts__obey_budget();

-- What callers see ----------

create function private.budget_document(p_workspace_id uuid, p_now timestamptz)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'workspace_id', p_workspace_id,
    'month', to_char(period.month, 'YYYY-MM'),
    'limit_micros', budgets.limit_micros,
    'held_micros', open.held,
    'spent_micros', coalesce(months.committed, 0) - open.held,
    'costs', private.list_costs(p_workspace_id, period.month),
    'stopped_at', budgets.stopped_at,
    'version', coalesce(budgets.version, 1)
  )
  from (select private.month_of((p_now at time zone 'UTC')::date) as month) as period
  left join private.budgets on budgets.workspace_id = p_workspace_id
  left join private.budget_months as months
    on months.workspace_id = p_workspace_id and months.month = period.month
  cross join lateral (
    -- Whatever holds money waits in a lane, or its outcome is open.
    select coalesce(sum(ledger.held - ledger.settled - ledger.released), 0)::bigint as held
    from (
      select jobs.post_id
      from public.accounts
      join private.publish_jobs as jobs on jobs.account_id = accounts.id
      where accounts.workspace_id = p_workspace_id
      union
      select live.post_id
      from public.accounts
      join private.live_attempts as live on live.account_id = accounts.id
      where accounts.workspace_id = p_workspace_id
    ) as queued
    join private.spend_ledger as ledger on ledger.post_id = queued.post_id and ledger.is_open
    where private.month_of(ledger.day) = period.month
  ) as open;
$$;

comment on function private.budget_document(uuid, timestamptz) is
  'Limit, what is held, what was spent for posts and what else X billed in the running month, in millionths of a US dollar.';

-- Definer: budgets cannot be read by any role of the API.
create function private.get_budget(p_workspace_id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  perform private.require_role(p_workspace_id, 'viewer');
  return private.budget_document(p_workspace_id, clock_timestamp());
end
$$;

-- Definer: callers hold no rights on budgets and lanes.
create function private.set_budget(
  p_workspace_id uuid, p_limit_micros bigint, p_version int,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_before private.budgets;
begin
  perform private.require_role(p_workspace_id, 'admin');
  -- Whoever schedules holds a lane, so what is committed does not move from here on.
  perform private.lock_workspace(p_workspace_id);
  perform private.lock_lanes(private.lanes_of(p_workspace_id));
  insert into private.budgets (workspace_id) values (p_workspace_id) on conflict do nothing;
  select * into v_before from private.budgets where workspace_id = p_workspace_id for update;
  perform private.require_version(v_before.version, p_version, 'budget');

  update private.budgets
  set limit_micros = p_limit_micros, version = version + 1
  where workspace_id = p_workspace_id;
  insert into public.events (workspace_id, type, subject_type, subject_id, data, changes)
  values (
    p_workspace_id, 'budget.changed', 'workspace', p_workspace_id,
    jsonb_build_object('limit', private.usd(p_limit_micros)),
    jsonb_build_object('limit', jsonb_build_object(
      'before', private.usd(v_before.limit_micros), 'after', private.usd(p_limit_micros)
    ))
  );
  perform private.judge_budget(p_workspace_id, p_now);
  return private.budget_document(p_workspace_id, p_now);
end
$$;

create function public.get_budget(p_workspace_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select private.get_budget(p_workspace_id);
$$;

comment on function public.get_budget(uuid) is
  'The budget of a workspace: limit, held and spent of the running month. Role viewer.';

create function public.set_budget(
  p_workspace_id uuid, p_limit_micros bigint, p_version int default null
)
returns jsonb
language sql
set search_path = ''
as $$
  select private.set_budget(p_workspace_id, p_limit_micros, p_version);
$$;

comment on function public.set_budget(uuid, bigint, int) is
  'Sets what a workspace may spend in a month (null: no limit). Role admin. 412 when p_version is not the current one.';

-- What a post would be refused for if it were scheduled now. Its own hold is no obstacle to it: only what
-- asks for more than that is refused, however tight the budget and the day have become since.
create function private.list_money_problems(
  p_account public.accounts, p_segments jsonb, p_post_id uuid, p_scheduled_at timestamptz,
  p_now timestamptz
)
returns setof private.notice
language plpgsql
stable
set search_path = ''
as $$
declare
  v_day date := (greatest(p_scheduled_at, p_now) at time zone 'UTC')::date;
  v_places int := jsonb_array_length(p_segments);
  v_price bigint;
  v_own private.spend_ledger;
begin
  select sum(prices.micros) into v_price
  from private.read_segments(p_segments) as segments
  join private.prices on prices.action = case
    when private.has_url(segments.text, segments.has_url) then 'post_with_url' else 'post'
  end;
  select * into v_own from private.spend_ledger where post_id = p_post_id and is_open;

  return query
  select notices.*
  from private.budgets
  cross join lateral (
    select case
      when private.month_of(v_own.day) = private.month_of(v_day) then v_own.held else 0
    end as held
  ) as own
  cross join lateral (
    select
      budgets.limit_micros - private.budget_used(budgets.workspace_id, private.month_of(v_day))
        + own.held as micros
  ) as free
  cross join lateral private.over_budget(
    v_price, free.micros, budgets.limit_micros, private.month_of(v_day)
  ) as notices
  where budgets.workspace_id = p_account.workspace_id
    and v_price > free.micros
    and v_price > own.held;

  return query
  select notices.*
  from private.x_apps as apps
  join private.app_days as days on days.x_app_id = apps.id and days.day = v_day
  cross join lateral (
    select case when v_own.day = v_day then v_own.places else 0 end as places
  ) as own
  cross join lateral private.day_full(apps.id, v_day, apps.posts_per_day, v_places) as notices
  where apps.id = p_account.x_app_id
    and v_places > apps.posts_per_day - days.taken + own.places
    and v_places > own.places;
end
$$;

comment on function private.list_money_problems(
  public.accounts, jsonb, uuid, timestamptz, timestamptz
) is
  'over-budget and day-full, for segments {text, has_url} of an account at a time (null: now).';

grant execute on function
  private.get_budget(uuid),
  private.set_budget(uuid, bigint, int, timestamptz),
  public.get_budget(uuid),
  public.set_budget(uuid, bigint, int)
to authenticated;

-- What the operator asks ----------

-- Reads everything: for tests, the simulation, and an operator in doubt.
create function private.ledger_faults()
returns setof text
language sql
stable
set search_path = ''
as $$
  select format('post %s is %s, and its hold is open', ledger.post_id, posts.status)
  from private.spend_ledger as ledger
  join public.posts on posts.id = ledger.post_id
  where ledger.is_open
    and posts.status not in ('scheduled', 'publishing', 'unconfirmed', 'partially_published')
  union all
  select format('post %s is partially_published, nothing sends its rest, and its hold is open', posts.id)
  from private.spend_ledger as ledger
  join public.posts on posts.id = ledger.post_id and posts.status = 'partially_published'
  where ledger.is_open
    and not exists (select from private.publish_jobs as jobs where jobs.post_id = posts.id)
    and not exists (select from private.live_attempts as live where live.post_id = posts.id)
  union all
  select format('post %s is %s without a hold', posts.id, posts.status)
  from public.posts
  where (
      posts.status in ('scheduled', 'publishing', 'unconfirmed')
      or exists (select from private.publish_jobs as jobs where jobs.post_id = posts.id)
    )
    and not exists (
      select from private.spend_ledger as ledger where ledger.post_id = posts.id and ledger.is_open
    )
  union all
  select format('post %s has more than one open hold', post_id)
  from private.spend_ledger
  where is_open
  group by post_id
  having count(*) > 1
  union all
  select format('%s of workspace %s: %s committed, %s in the ledger', month, workspace_id, months.committed, sums.committed)
  from private.budget_months as months
  full join (
    select workspace_id, private.month_of(day) as month, sum(held - released)::bigint as committed
    from private.spend_ledger
    group by workspace_id, private.month_of(day)
  ) as sums using (workspace_id, month)
  where coalesce(months.committed, 0) <> coalesce(sums.committed, 0)
  union all
  select format('%s of workspace %s: %s of costs, %s by day', month, workspace_id, months.costs, sums.costs)
  from private.budget_months as months
  full join (
    select workspace_id, private.month_of(day) as month, sum(micros)::bigint as costs
    from private.network_costs
    where workspace_id is not null
    group by workspace_id, private.month_of(day)
  ) as sums using (workspace_id, month)
  where coalesce(months.costs, 0) <> coalesce(sums.costs, 0)
  union all
  select format('%s of app %s: %s taken, %s in the ledger', day, x_app_id, days.taken, sums.taken)
  from private.app_days as days
  full join (
    select ledger.x_app_id, ledger.day, sum(ledger.places)::int as taken
    from private.spend_ledger as ledger
    join private.x_apps as apps on apps.id = ledger.x_app_id
    group by ledger.x_app_id, ledger.day
  ) as sums using (x_app_id, day)
  where coalesce(days.taken, 0) <> coalesce(sums.taken, 0);
$$;

comment on function private.ledger_faults() is
  'What does not add up between posts, holds, budgets and days; no rows when everything does.';
