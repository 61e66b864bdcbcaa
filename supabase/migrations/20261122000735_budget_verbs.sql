-- What follows from budgets: lanes that close and open, what callers see and set, and what validation says.

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

-- The same two changes that reserve_posts makes: the open hold of the post goes, and a new one comes.
create function private.foresee_holds(
  p_account public.accounts, p_segments jsonb, p_post_id uuid, p_day date
)
returns private.hold_change[]
language sql
stable
set search_path = ''
as $$
  select array[given_back, needed]
  from (
    select row(
      p_account.workspace_id, p_account.x_app_id, p_day, coalesce(sum(prices.micros), 0), count(*)
    )::private.hold_change as needed
    from private.read_segments(p_segments) as segments
    join private.prices on prices.action = case
      when private.has_url(segments.text, segments.has_url) then 'post_with_url' else 'post'
    end
    where not exists (
      select from public.post_segments as sent
      where sent.post_id = p_post_id and sent.position = segments.place and sent.status = 'published'
    )
  ) as wanted
  left join (
    select row(
      ledger.workspace_id, ledger.x_app_id, ledger.day,
      coalesce(sum(parts.price) filter (where parts.is_published), 0) - ledger.held,
      least(count(*) filter (where parts.is_tried and parts.price > 0), ledger.places) - ledger.places
    )::private.hold_change as given_back
    from private.spend_ledger as ledger
    join private.sending_of(array[p_post_id]) as truth using (post_id)
    cross join lateral unnest(ledger.prices, truth.published, truth.tried)
      as parts (price, is_published, is_tried)
    where ledger.post_id = p_post_id and ledger.is_open
    group by ledger.post_id, ledger.number
  ) as own on true;
$$;

comment on function private.foresee_holds(public.accounts, jsonb, uuid, date) is
  'How holds would change if segments {text, has_url} of an account were scheduled for a day: what their post has held is given back first.';

-- Compares as charge_budgets and take_places do: what a post asks beyond its own hold can be refused,
-- and nothing else. So it may move within its day while more is taken than a lowered limit allows.
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
  v_changes private.hold_change[] := private.foresee_holds(
    p_account, p_segments, p_post_id, (greatest(p_scheduled_at, p_now) at time zone 'UTC')::date
  );
begin
  return query
  select notices.*
  from private.month_changes(v_changes) as changes
  join private.budgets using (workspace_id)
  cross join lateral private.budget_used(changes.workspace_id, changes.month) as used (micros)
  cross join lateral private.over_budget(
    changes.amount, budgets.limit_micros - used.micros, budgets.limit_micros, changes.month
  ) as notices
  where changes.amount > 0 and used.micros + changes.amount > budgets.limit_micros;

  return query
  select notices.*
  from (
    select x_app_id, day, sum(places)::int as places
    from unnest(v_changes)
    group by x_app_id, day
  ) as changes
  join private.x_apps as apps on apps.id = changes.x_app_id
  left join private.app_days as days using (x_app_id, day)
  cross join lateral private.day_full(
    apps.id, changes.day, apps.posts_per_day, changes.places
  ) as notices
  where changes.places > 0 and coalesce(days.taken, 0) + changes.places > apps.posts_per_day;
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
