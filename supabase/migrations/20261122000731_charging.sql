-- Charging: what holds take and give back changes the budgets of months and the places of days.
--
-- Who asks for more than is left is refused, and told how much is left or which day is free.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function private.over_budget(p_needed bigint, p_left bigint, p_limit bigint, p_month date)
returns private.notice
language sql
stable
set search_path = ''
as $$
  select
    409, '/scheduled_at', 'over-budget',
    format(
      'This needs %s, and %s of the workspace''s %s for %s is left.',
      private.usd(p_needed), private.usd(greatest(p_left, 0)), private.usd(p_limit),
      to_char(p_month, 'YYYY-MM')
    ),
    'Keep it as a draft, take out what X bills dearly (URLs), unschedule other posts, or have an admin raise the budget with PATCH /workspaces/:id/budget.';
$$;

comment on function private.over_budget(bigint, bigint, bigint, date) is
  'What somebody is told whose post the budget of a month does not pay for.';

-- What changes add to each month they concern.
create function private.month_changes(p_changes private.hold_change[])
returns table (workspace_id uuid, month date, amount bigint)
language sql
immutable
set search_path = ''
as $$
  select workspace_id, private.month_of(day), sum(amount)::bigint
  from unnest(p_changes)
  group by 1, 2
  having sum(amount) <> 0;
$$;

comment on function private.month_changes(private.hold_change[]) is
  'Changes of holds by workspace and month; none where they even out.';

-- The row of a month is locked by its first change, so what is compared with the limit is what
-- everybody before has committed, and no cost is folded meanwhile. Only what asks for more can be refused.
create function private.charge_budgets(
  p_changes private.hold_change[], p_may_refuse boolean default true
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  with charged as (
    insert into private.budget_months as months (workspace_id, month, committed)
    select workspace_id, month, amount
    from private.month_changes(p_changes)
    order by workspace_id, month
    on conflict (workspace_id, month) do update
    set committed = months.committed + excluded.committed
  )
  update private.budgets
  set judge_at = '-infinity'
  from private.month_changes(p_changes) as changes
  where budgets.workspace_id = changes.workspace_id
    and budgets.limit_micros is not null
    and case when changes.amount < 0 then budgets.stopped_at is not null else not p_may_refuse end;

  if p_may_refuse then
    perform private.refuse_first(array(
      select private.over_budget(
        changes.amount, budgets.limit_micros - used.micros + changes.amount, budgets.limit_micros,
        changes.month
      )
      from private.month_changes(p_changes) as changes
      join private.budgets using (workspace_id)
      cross join lateral private.budget_used(changes.workspace_id, changes.month) as used (micros)
      where changes.amount > 0 and used.micros > budgets.limit_micros
    ));
  end if;
end
$$;

comment on function private.charge_budgets(private.hold_change[], boolean) is
  'Adds changes of holds to their months; 409 over-budget when more is asked for than is left. What may not be refused has the budget judged anew.';

create function private.next_free_day(p_x_app_id uuid, p_after date, p_places int)
returns date
language sql
stable
set search_path = ''
as $$
  select min(candidates.day)
  from (
    select (p_after + ahead) as day from generate_series(1, 366) as ahead
  ) as candidates
  join private.x_apps as apps on apps.id = p_x_app_id
  left join private.app_days as days
    on days.x_app_id = p_x_app_id and days.day = candidates.day
  where coalesce(days.taken, 0) + p_places <= apps.posts_per_day;
$$;

comment on function private.next_free_day(uuid, date, int) is
  'The first day after p_after on which an app has p_places left; null when there is none in a year.';

create function private.day_full(p_x_app_id uuid, p_day date, p_capacity int, p_needed int)
returns private.notice
language sql
stable
set search_path = ''
as $$
  select
    409, '/scheduled_at', 'day-full',
    format(
      'The X app may send %s posts on %s (UTC), and fewer than the %s needed are left.',
      p_capacity, p_day, p_needed
    ),
    format(
      'Choose a time from %s on. An X app of your own (POST /x-apps) has days of its own: connected through it, the account is a new one, and the post has to be made anew there, for posts never change account.',
      coalesce(
        private.next_free_day(p_x_app_id, p_day, p_needed) || 'T00:00:00Z',
        'a day more than a year ahead'
      )
    );
$$;

comment on function private.day_full(uuid, date, int, int) is
  'What somebody is told for whose post a day of an X app has no room.';

-- Apps without a cap are counted, too: a count that began with the cap would have to keep everybody
-- from scheduling while it is made, or miss who is scheduling at that moment.
create function private.take_places(
  p_changes private.hold_change[], p_may_refuse boolean default true
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_full private.notice[];
begin
  with sums as (
    select changes.x_app_id, changes.day, sum(changes.places)::int as places
    from unnest(p_changes) as changes
    -- An app that is gone with its workspace has no days any more.
    join private.x_apps as apps on apps.id = changes.x_app_id
    group by changes.x_app_id, changes.day
    having sum(changes.places) <> 0
  ), taken as (
    insert into private.app_days as days (x_app_id, day, taken)
    select x_app_id, day, places from sums order by x_app_id, day
    on conflict (x_app_id, day) do update
    set taken = days.taken + excluded.taken
    returning x_app_id, day, taken
  )
  select array_agg(
    private.day_full(taken.x_app_id, taken.day, apps.posts_per_day, sums.places)
  )
  into v_full
  from taken
  join sums using (x_app_id, day)
  join private.x_apps as apps on apps.id = taken.x_app_id
  where p_may_refuse and sums.places > 0 and taken.taken > apps.posts_per_day;
  perform private.refuse_first(v_full);
end
$$;

comment on function private.take_places(private.hold_change[], boolean) is
  'Takes and gives back places of app days; 409 day-full when more is asked for than is left.';
