-- Metrics: what X counts for each published segment. (How it is read is the next files.)
--
-- Counters are cumulative snapshots; X may correct them downwards. post_analytics is append-only and
-- keyed by what a reading is of and when it was made, so saving it twice adds nothing.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.post_analytics (
  post_id uuid not null,
  -- Which segment of the post.
  position smallint not null default 0,
  timestamp timestamptz not null,
  workspace_id uuid not null,
  account_id uuid not null,
  impressions bigint not null,
  engagements bigint not null,
  clicks bigint not null,
  likes bigint not null default 0,
  reposts bigint not null default 0,
  replies bigint not null default 0,
  quotes bigint not null default 0,
  bookmarks bigint not null default 0,
  profile_clicks bigint not null default 0,
  source text not null default 'author',
  primary key (post_id, position, timestamp),
  constraint post_analytics_source_known check (source in ('author', 'public')),
  constraint post_analytics_timestamp_finite check (isfinite(timestamp)),
  constraint post_analytics_counters_not_negative check (
    least(
      impressions, engagements, clicks, likes, reposts, replies, quotes, bookmarks, profile_clicks
    ) >= 0
  )
) partition by range (post_id);

comment on table public.post_analytics is
  'Metric rows: cumulative counters of one segment at one moment. Append-only, partitioned like posts.';
comment on column public.post_analytics.clicks is 'Clicks on links in the segment.';
comment on column public.post_analytics.source is
  'author: all counters were disclosed. public: engagements, clicks and profile_clicks were not, and repeat the last known values.';

-- Serves: the export by time, and the policy when a caller filters by nothing.
create index post_analytics_workspace_id_timestamp_idx
  on public.post_analytics (workspace_id, timestamp);

create table public.post_stats (
  post_id uuid primary key,
  workspace_id uuid not null,
  account_id uuid not null,
  published_at timestamptz not null,
  -- Sent minus scheduled.
  late_ms bigint,
  -- The newest metric row that is counted here; null before the first.
  collected_at timestamptz,
  impressions bigint not null default 0,
  engagements bigint not null default 0,
  clicks bigint not null default 0,
  likes bigint not null default 0,
  reposts bigint not null default 0,
  replies bigint not null default 0,
  quotes bigint not null default 0,
  bookmarks bigint not null default 0,
  profile_clicks bigint not null default 0
) partition by range (post_id);

comment on table public.post_stats is
  'One row per published post: the latest counters, summed over its segments. Partitioned like posts.';

-- Serves: lateness percentiles and top posts of an account.
create index post_stats_account_id_published_at_idx
  on public.post_stats (account_id, published_at) include (late_ms);
-- Serves: the posts page of a workspace, and the policy when a caller filters by nothing.
create index post_stats_workspace_id_post_id_idx on public.post_stats (workspace_id, post_id desc);

alter table public.post_analytics enable row level security;
alter table public.post_stats enable row level security;

grant select on public.post_analytics, public.post_stats to authenticated, service_role;

create policy "members can read their workspace's metric rows"
  on public.post_analytics for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

create policy "members can read their workspace's post stats"
  on public.post_stats for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

insert into private.partition_policies (parent, owner, owner_column)
values
  ('public.post_analytics', 'public.posts', 'post_id'),
  ('public.post_stats', 'public.posts', 'post_id');

select private.create_leaves_ahead();
