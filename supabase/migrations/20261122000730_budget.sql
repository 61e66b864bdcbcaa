-- Money and places: what scheduled posts will cost, and how many an X app may send on a day.
-- (How both are charged, held and settled is in files of their own.)
--
-- Scheduling takes a hold: the price of every segment, counted against the month in which the post
-- is due, and a place for every segment on its day (UTC) of its X app. A hold lasts as long as the
-- post will be sent by itself. It is settled by what X accepted, and the rest is released:
--
--   a post that ended:            held = settled + released
--   a workspace and a month:      committed = sum(held - released) of its holds
--   an app and a day:             taken = sum(places) of the holds
--
-- Publishing itself changes neither budget nor day: settling moves money within a hold. So what is
-- due at one instant waits for no row that all posts of a workspace share.
-- Locks: lanes, posts, jobs, then budgets, then days.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.prices (
  action text primary key,
  micros bigint not null,
  constraint prices_action_known check (
    action in ('post', 'post_with_url', 'delete', 'post_read', 'user_read', 'event', 'alt_text')
  ),
  constraint prices_not_negative check (micros >= 0)
);

comment on table private.prices is
  'What X bills, in millionths of a US dollar. X changes its prices; the operator follows here.';

insert into private.prices (action, micros)
values
  ('post', 15000), ('post_with_url', 200000), ('delete', 10000), ('post_read', 5000),
  ('user_read', 10000), ('event', 5000), ('alt_text', 5000);

create table private.budgets (
  workspace_id uuid primary key references public.workspaces (id) on delete cascade,
  -- Per calendar month (UTC), in millionths of a US dollar. Null: no limit.
  limit_micros bigint,
  -- Since when its lanes are closed, because more is committed than the limit allows.
  stopped_at timestamptz,
  -- When the tick judges it again: at the turn of a month, or because money came back.
  judge_at timestamptz not null default 'infinity',
  version int not null default 1,
  constraint budgets_limit_not_negative check (limit_micros >= 0)
);

comment on table private.budgets is 'What a workspace may spend in a month. No row: no limit.';

-- Serves: the tick.
create index budgets_judge_at_idx on private.budgets (judge_at) where judge_at < 'infinity';

create table private.budget_months (
  -- No key to workspaces: settling must not stop at the posts of a deleted one.
  workspace_id uuid not null,
  month date not null,
  committed bigint not null default 0,
  -- Beside posts: deletions, reads and what else X billed. See network_costs.
  costs bigint not null default 0,
  primary key (workspace_id, month),
  constraint budget_months_month_is_first check (extract(day from month) = 1)
) with (fillfactor = 50);

comment on table private.budget_months is
  'What a workspace has spent and still holds for the posts of a month, and what else X billed in it, in millionths of a US dollar.';

create table private.app_days (
  x_app_id uuid not null references private.x_apps (id) on delete cascade,
  day date not null,
  taken int not null,
  primary key (x_app_id, day)
) with (fillfactor = 50);

comment on table private.app_days is
  'How many places of a day (UTC) of an X app are taken, whether it has a cap or not.';

create table private.spend_ledger (
  post_id uuid not null,
  workspace_id uuid not null,
  x_app_id uuid not null,
  held bigint not null,
  settled bigint not null default 0,
  released bigint not null default 0,
  -- UTC. Its month is the month whose budget the hold counts against.
  day date not null,
  number smallint not null,
  -- Places it has on that day.
  places smallint not null,
  is_open boolean not null default true,
  -- Price of each segment in order; 0 for those it does not pay for: they were on the network
  -- before, or were not sent in the end.
  prices bigint[] not null,
  primary key (post_id, number),
  constraint spend_ledger_amounts_not_negative check (least(held, settled, released) >= 0),
  constraint spend_ledger_within_hold check (settled + released <= held),
  constraint spend_ledger_ended_adds_up check (is_open or settled + released = held)
) partition by range (post_id);

comment on table private.spend_ledger is
  'Holds: money kept for a post from its scheduling until X took it or it will not be sent. A post that is moved, edited or tried again gets another one. Partitioned like posts.';

alter table private.prices enable row level security;
alter table private.budgets enable row level security;
alter table private.budget_months enable row level security;
alter table private.app_days enable row level security;
alter table private.spend_ledger enable row level security;

insert into private.partition_policies (parent, owner, owner_column, fillfactor)
values ('private.spend_ledger', 'public.posts', 'post_id', 60);

-- What a change of holds means for budgets and days; negative where something is given back.
create type private.hold_change as (
  workspace_id uuid,
  x_app_id uuid,
  day date,
  amount bigint,
  places int
);

create function private.usd(p_micros bigint)
returns text
language sql
immutable
set search_path = ''
as $$
  select case when p_micros < 0 then '-' else '' end || '$' || abs(p_micros) / 1000000 || '.'
    || regexp_replace(lpad((abs(p_micros) % 1000000)::text, 6, '0'), '0{1,4}$', '');
$$;

comment on function private.usd(bigint) is 'An amount for people: 15000 is $0.015.';

create function private.month_of(p_day date)
returns date
language sql
immutable
set search_path = ''
as $$
  select p_day - (extract(day from p_day)::int - 1);
$$;

comment on function private.month_of(date) is 'First day of the month of p_day.';

select private.create_leaves_ahead();
