-- Rollups: what metric rows add up to per account, hour and day.
--
-- What rows count for waits in stat_increments, the dirty set, until it is folded. No rollup is ever
-- computed again from raw rows. (Counting and folding are the next files.)

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.account_stats_hourly (
  account_id uuid not null references public.accounts (id) on delete cascade,
  hour timestamptz not null,
  workspace_id uuid not null,
  posts int not null default 0,
  impressions bigint not null default 0,
  engagements bigint not null default 0,
  clicks bigint not null default 0,
  likes bigint not null default 0,
  reposts bigint not null default 0,
  replies bigint not null default 0,
  quotes bigint not null default 0,
  bookmarks bigint not null default 0,
  profile_clicks bigint not null default 0,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (account_id, hour)
) with (fillfactor = 80);

comment on table public.account_stats_hourly is
  'What each account gained in each hour: posts published and increments of their counters. Negative where X took counts back.';

-- Serves: the dashboard of a workspace, and the policy when a caller filters by nothing.
create index account_stats_hourly_workspace_id_hour_idx
  on public.account_stats_hourly (workspace_id, hour);

create table public.account_stats_daily (
  account_id uuid not null references public.accounts (id) on delete cascade,
  -- The UTC day. Days in the account's own zone are sums of hours.
  date date not null,
  workspace_id uuid not null,
  posts int not null default 0,
  impressions bigint not null default 0,
  engagements bigint not null default 0,
  clicks bigint not null default 0,
  likes bigint not null default 0,
  reposts bigint not null default 0,
  replies bigint not null default 0,
  quotes bigint not null default 0,
  bookmarks bigint not null default 0,
  profile_clicks bigint not null default 0,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (account_id, date)
) with (fillfactor = 80);

comment on table public.account_stats_daily is
  'What each account gained on each UTC day: posts published and increments of their counters.';

-- Serves: the dashboard of a workspace, and the policy when a caller filters by nothing.
create index account_stats_daily_workspace_id_date_idx
  on public.account_stats_daily (workspace_id, date);

create table private.stat_increments (
  id bigint generated always as identity primary key,
  account_id uuid not null,
  workspace_id uuid not null,
  hour timestamptz not null,
  posts int not null default 0,
  impressions bigint not null default 0,
  engagements bigint not null default 0,
  clicks bigint not null default 0,
  likes bigint not null default 0,
  reposts bigint not null default 0,
  replies bigint not null default 0,
  quotes bigint not null default 0,
  bookmarks bigint not null default 0,
  profile_clicks bigint not null default 0
);

comment on table private.stat_increments is
  'The dirty set: increments that no rollup holds yet. A row is deleted by the transaction that adds it.';

alter table public.account_stats_hourly enable row level security;
alter table public.account_stats_daily enable row level security;
alter table private.stat_increments enable row level security;

grant select on public.account_stats_hourly, public.account_stats_daily
  to authenticated, service_role;

create policy "members can read their accounts' hourly stats"
  on public.account_stats_hourly for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

create policy "members can read their accounts' daily stats"
  on public.account_stats_daily for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));
