-- The ledger: does it add up? Read by tests, the simulation, and an operator in doubt.
--
-- What a budget has left is kept as sums, so that a hold reads one row; a sum that drifted would be
-- believed for ever.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function private.hold_faults()
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
  having count(*) > 1;
$$;

comment on function private.hold_faults() is
  'Posts that need a hold and have none, and holds that nothing needs any more.';

create function private.sum_faults()
returns setof text
language sql
stable
set search_path = ''
as $$
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

comment on function private.sum_faults() is
  'Months and days whose sums are not those of their rows.';

create function private.ledger_faults()
returns setof text
language sql
stable
set search_path = ''
as $$
  select private.hold_faults()
  union all
  select private.sum_faults();
$$;

comment on function private.ledger_faults() is
  'What does not add up between posts, holds, budgets and days; no rows when everything does.';
