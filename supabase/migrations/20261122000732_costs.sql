-- Costs: what X bills beside posts. Deletions, posts and users that were read, events it told us,
-- descriptions of media.
--
-- Nothing here is held before, and nothing is refused: a deletion was asked for, and a look is what
-- keeps a post from being sent twice. Costs leave less of the budget for what is still to be
-- scheduled, and a budget that is used up reads no metrics; it closes no lane.
-- Never a hot row: costs are appended where they arise and folded a little later.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.cost_log (
  id bigint generated always as identity primary key,
  -- Null: no workspace caused it.
  workspace_id uuid,
  x_app_id uuid not null,
  -- UTC, as X bills.
  day date not null,
  action text not null,
  count int not null,
  micros bigint not null,
  constraint cost_log_positive check (count > 0 and micros >= 0)
);

comment on table private.cost_log is 'Costs that network_costs does not hold yet.';

-- Serves: what of a workspace's costs is not folded yet.
create index cost_log_workspace_id_idx on private.cost_log (workspace_id);

create table private.network_costs (
  id bigint generated always as identity primary key,
  -- No keys to workspaces and apps: what they cost stays known when they are gone.
  workspace_id uuid,
  x_app_id uuid not null,
  day date not null,
  action text not null,
  count bigint not null,
  micros bigint not null,
  -- Serves: folding, and the costs of a workspace by month.
  constraint network_costs_one_of_each
    unique nulls not distinct (workspace_id, day, action, x_app_id)
) with (fillfactor = 80);

comment on table private.network_costs is
  'What X billed beside posts, by workspace (null: the deployment), X app, UTC day and action, in millionths of a US dollar.';

create table private.billed_reads (
  day date not null,
  x_app_id uuid not null,
  remote_id text not null,
  primary key (day, x_app_id, remote_id)
);

comment on table private.billed_reads is
  'Posts an X app has read on a UTC day: X bills each once a day, however often it is read.';

alter table private.cost_log enable row level security;
alter table private.network_costs enable row level security;
alter table private.billed_reads enable row level security;

-- Recording ----------

create function private.log_costs(p_action text, p_account_ids uuid[], p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  insert into private.cost_log (workspace_id, x_app_id, day, action, count, micros)
  select
    accounts.workspace_id, accounts.x_app_id, (p_now at time zone 'UTC')::date, p_action,
    count(*), count(*) * prices.micros
  from unnest(p_account_ids) as caused (account_id)
  join public.accounts on accounts.id = caused.account_id
  join private.prices on prices.action = p_action
  group by accounts.workspace_id, accounts.x_app_id, prices.micros;
$$;

comment on function private.log_costs(text, uuid[], timestamptz) is
  'Records one p_action for each account in p_account_ids, at today''s price.';

-- In the order of the key, so that two who read the same posts wait for each other in one order.
create function private.log_reads(
  p_account_ids uuid[], p_remote_ids text[], p_now timestamptz
)
returns void
language sql
set search_path = ''
as $$
  with seen as materialized (
    select distinct on (accounts.x_app_id, reads.remote_id)
      accounts.x_app_id, reads.remote_id, accounts.id as account_id
    from unnest(p_account_ids, p_remote_ids) as reads (account_id, remote_id)
    join public.accounts on accounts.id = reads.account_id
    order by accounts.x_app_id, reads.remote_id
  ), billed as (
    insert into private.billed_reads (day, x_app_id, remote_id)
    select (p_now at time zone 'UTC')::date, x_app_id, remote_id from seen
    on conflict do nothing
    returning x_app_id, remote_id
  )
  select private.log_costs('post_read', array_agg(seen.account_id), p_now)
  from billed
  join seen using (x_app_id, remote_id)
  having count(*) > 0;
$$;

comment on function private.log_reads(uuid[], text[], timestamptz) is
  'Records posts that were read for accounts (two lists in step); each counts once a day for its X app.';

create function private.log_account_reads(
  p_account_id uuid, p_remote_ids text[], p_now timestamptz
)
returns void
language sql
set search_path = ''
as $$
  select private.log_reads(
    array_fill(p_account_id, array[cardinality(p_remote_ids)]), p_remote_ids, p_now
  );
$$;

comment on function private.log_account_reads(uuid, text[], timestamptz) is
  'Records posts that were read with the token of one account.';

create function private.log_events(p_account_ids uuid[], p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  insert into private.cost_log (workspace_id, x_app_id, day, action, count, micros)
  select
    accounts.workspace_id, apps.id, (p_now at time zone 'UTC')::date, prices.action, count(*),
    count(*) * prices.micros
  from unnest(p_account_ids) as told (account_id)
  join private.x_apps as apps on apps.workspace_id is null
  join private.prices on prices.action = 'event'
  left join public.accounts on accounts.id = told.account_id
  group by accounts.workspace_id, apps.id, prices.action, prices.micros;
$$;

comment on function private.log_events(uuid[], timestamptz) is
  'Records posts and mentions that X told the deployment''s app of, one for each account; null is nobody''s.';

-- Folding ----------

create function private.add_costs(p_costs private.cost_log[])
returns void
language sql
set search_path = ''
as $$
  insert into private.network_costs as costs (workspace_id, x_app_id, day, action, count, micros)
  select workspace_id, x_app_id, day, action, sum(count), sum(micros)
  from unnest(p_costs)
  group by workspace_id, x_app_id, day, action
  order by workspace_id, day, action, x_app_id
  on conflict on constraint network_costs_one_of_each do update
  set count = costs.count + excluded.count, micros = costs.micros + excluded.micros;

  insert into private.budget_months as months (workspace_id, month, costs)
  select workspace_id, private.month_of(day), sum(micros)
  from unnest(p_costs)
  where workspace_id is not null
  group by workspace_id, private.month_of(day)
  order by workspace_id, private.month_of(day)
  on conflict (workspace_id, month) do update
  set costs = months.costs + excluded.costs;
$$;

comment on function private.add_costs(private.cost_log[]) is
  'Adds costs to their days and to the months of their workspaces.';

create function private.fold_costs(
  p_limit int default 10000, p_now timestamptz default clock_timestamp()
)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_claimed private.cost_log[];
begin
  with claimed as (
    delete from private.cost_log
    where id = any (array(
      select id from private.cost_log order by id limit p_limit for update skip locked
    ))
    returning *
  )
  select array_agg(claimed::private.cost_log) into v_claimed from claimed;
  perform private.add_costs(v_claimed);
  delete from private.billed_reads where day < (p_now at time zone 'UTC')::date - 1;
  return coalesce(cardinality(v_claimed), 0);
end
$$;

comment on function private.fold_costs(int, timestamptz) is
  'Adds logged costs to network_costs and budgets, each exactly once, and forgets reads of past days. Returns how many it folded.';

-- Showing ----------

-- Folding changes the row of the month, so whoever holds that row's lock counts no cost twice.
create function private.budget_used(p_workspace_id uuid, p_month date)
returns bigint
language sql
stable
set search_path = ''
as $$
  select
    coalesce(
      (
        select committed + costs
        from private.budget_months
        where workspace_id = p_workspace_id and month = p_month
      ), 0
    )
    + coalesce(
      (
        select sum(micros)
        from private.cost_log
        where workspace_id = p_workspace_id
          and day >= p_month and day < p_month + interval '1 month'
      ), 0
    )::bigint;
$$;

comment on function private.budget_used(uuid, date) is
  'What a workspace has spent and holds in a month, costs of the last seconds included, in millionths of a US dollar.';

create function private.list_costs(p_workspace_id uuid, p_month date)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(
    jsonb_agg(
      jsonb_build_object('action', action, 'count', count, 'micros', micros) order by action
    ),
    '[]'
  )
  from (
    select action, sum(count)::bigint as count, sum(micros)::bigint as micros
    from (
      select action, count, micros, day from private.network_costs
      where workspace_id = p_workspace_id
      union all
      -- A few seconds' worth.
      select action, count, micros, day from private.cost_log
      where workspace_id = p_workspace_id
    ) as costs
    where day >= p_month and day < p_month + interval '1 month'
    group by action
  ) as sums;
$$;

comment on function private.list_costs(uuid, date) is
  'What X billed a workspace in a month beside posts, up to this moment: [{action, count, micros}].';
