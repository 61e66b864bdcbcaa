-- Deliveries: one per event and endpoint, and each try to send it.
--
-- An event is stamped once, so a delivery is made once, whatever dies in between. (How it is made,
-- waits, is given up and sent again is the next files.)

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.webhook_deliveries (
  id uuid not null default private.uuid_v7(),
  workspace_id uuid not null,
  -- The endpoint may be gone.
  endpoint_id uuid not null,
  event_id uuid not null,
  event_type text not null,
  -- The event's, for the body: a sender need not look it up.
  sequence bigint not null,
  status text not null default 'pending',
  -- Why it failed.
  failure text,
  -- Attempts so far; each has a row, whose number is never used again.
  attempt_count int not null default 0,
  next_attempt_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  primary key (id),
  constraint webhook_deliveries_status_known check (status in ('pending', 'delivered', 'failed')),
  constraint webhook_deliveries_finished_iff_time
    check ((finished_at is not null) = (status <> 'pending')),
  constraint webhook_deliveries_pending_iff_next_attempt
    check ((next_attempt_at is not null) = (status = 'pending')),
  constraint webhook_deliveries_failed_iff_failure
    check ((failure is not null) = (status = 'failed')),
  constraint webhook_deliveries_failure_known check (
    failure in ('exhausted', 'gone', 'endpoint-disabled', 'endpoint-deleted')
  )
) partition by range (id);

comment on table public.webhook_deliveries is
  'An event on its way to an endpoint. Partitioned by month of creation.';

-- Serves: GET /deliveries, newest first, and the policy.
create index webhook_deliveries_workspace_id_id_idx
  on public.webhook_deliveries (workspace_id, id desc);
-- Serves: GET /deliveries?endpoint_id.
create index webhook_deliveries_endpoint_id_id_idx
  on public.webhook_deliveries (endpoint_id, id desc);
-- By the failure and not by the status, which every delivery changes: one that arrives touches no index.
-- Serves: GET /deliveries?status=failed, what somebody has to look at.
create index webhook_deliveries_failed_idx
  on public.webhook_deliveries (workspace_id, id desc) where failure is not null;
-- Serves: GET /deliveries?event_id, what became of one event.
create index webhook_deliveries_event_id_idx on public.webhook_deliveries (event_id);

create table public.webhook_attempts (
  delivery_id uuid not null,
  number int not null,
  workspace_id uuid not null,
  outcome text not null,
  http_status smallint,
  -- What went wrong, as a slug: http-500, timeout, dns, address-refused, …
  error text,
  -- The first kilobyte of the answer, control characters taken out.
  response text,
  started_at timestamptz not null,
  duration_ms int,
  primary key (delivery_id, number),
  constraint webhook_attempts_outcome_known check (outcome in ('delivered', 'failed', 'lost')),
  constraint webhook_attempts_failed_iff_error check ((error is not null) = (outcome <> 'delivered')),
  constraint webhook_attempts_response_within_1_kb check (octet_length(response) <= 1024)
) partition by range (delivery_id);

comment on table public.webhook_attempts is
  'Every POST of a delivery. Lost: its worker never reported, so it may have arrived. Partitioned like deliveries.';

alter table public.webhook_deliveries enable row level security;
alter table public.webhook_attempts enable row level security;

grant select on public.webhook_deliveries, public.webhook_attempts to authenticated, service_role;

create policy "members can read their workspace's deliveries"
  on public.webhook_deliveries for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

create policy "members can read their workspace's delivery attempts"
  on public.webhook_attempts for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

-- A delivery is written twice, soon after each other: the second time fits on the same page.
insert into private.partition_policies (parent, owner, owner_column, fillfactor, keep_months)
values
  ('public.webhook_deliveries', null, null, 70, 3),
  ('public.webhook_attempts', 'public.webhook_deliveries', 'delivery_id', 100, 3);

select private.create_leaves_ahead();
