-- Webhook endpoints: where a workspace's events are delivered, and which of them.
-- (Their secrets, who hears of their troubles, and what callers do with them is the next files.)

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.webhook_endpoints (
  -- Made by who creates it, because the secret is bound to it before it is stored.
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  url text not null,
  description text,
  -- Null: all types.
  event_types text[],
  -- Null: all, and what concerns no account.
  account_ids uuid[],
  -- Sent along with every delivery. Their values may be credentials: see private.webhook_headers.
  header_names text[] not null default '{}',
  status text not null default 'enabled',
  disabled_reason text,
  -- How many deliveries may be under way to it at a time.
  max_in_flight smallint not null default 20,
  -- How many may begin per second; null: as fast as it answers.
  max_per_second smallint,
  -- Since when every attempt failed, when the last did, and how many; null and 0 after one that
  -- succeeded.
  failing_since timestamptz,
  last_failed_at timestamptz,
  failure_count int not null default 0,
  -- When its workspace was told that it fails: once until something gets through.
  warned_at timestamptz,
  created_by uuid references public.users (id) on delete set null,
  created_at timestamptz not null default clock_timestamp(),
  version int not null default 1,
  constraint webhook_endpoints_url_is_http check (url ~ '^https?://' and char_length(url) <= 2000),
  constraint webhook_endpoints_description_length check (char_length(description) <= 500),
  constraint webhook_endpoints_event_types_dotted check (
    cardinality(event_types) between 1 and 50
    and array_to_string(event_types, ' ', '') ~ '^[a-z_]+\.[a-z_]+( [a-z_]+\.[a-z_]+)*$'
  ),
  constraint webhook_endpoints_account_ids_some check (cardinality(account_ids) between 1 and 100),
  constraint webhook_endpoints_header_names_few check (cardinality(header_names) <= 20),
  constraint webhook_endpoints_status_known check (status in ('enabled', 'disabled')),
  constraint webhook_endpoints_disabled_iff_reason
    check ((disabled_reason is not null) = (status = 'disabled')),
  constraint webhook_endpoints_disabled_reason_known
    check (disabled_reason in ('requested', 'gone', 'failing')),
  constraint webhook_endpoints_max_in_flight_known check (max_in_flight between 1 and 100),
  constraint webhook_endpoints_max_per_second_known check (max_per_second between 1 and 1000),
  constraint webhook_endpoints_failing_iff_failures check (
    (failing_since is not null) = (failure_count > 0)
    and (last_failed_at is not null) = (failure_count > 0)
  ),
  constraint webhook_endpoints_warned_only_when_failing
    check (warned_at is null or failing_since is not null)
);

comment on table public.webhook_endpoints is 'An address that gets a workspace''s events as signed POSTs.';
comment on column public.webhook_endpoints.disabled_reason is
  'requested: by a person; gone: it answered 410; failing: nothing got through for five days.';

-- Serves: GET /webhook-endpoints, the fan-out of events, and the foreign key.
create index webhook_endpoints_workspace_id_idx
  on public.webhook_endpoints (workspace_id, created_at);
-- Serves: the foreign key to users.
create index webhook_endpoints_created_by_idx on public.webhook_endpoints (created_by);

alter table public.webhook_endpoints enable row level security;

grant select on public.webhook_endpoints to authenticated, service_role;

create policy "members can read their workspace's webhook endpoints"
  on public.webhook_endpoints for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

-- A test goes to the endpoint it is for alone, whatever that wants. That nothing gets through to an
-- endpoint goes to the others.
create function private.wants_event(
  p_endpoint public.webhook_endpoints, p_type text, p_subject_id uuid, p_data jsonb
)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  if p_type = 'webhook.test' then
    return p_subject_id = p_endpoint.id;
  end if;
  if p_type = 'webhook_endpoint.failing' and p_subject_id = p_endpoint.id then
    return false;
  end if;
  return (p_endpoint.event_types is null or p_type = any (p_endpoint.event_types))
    and (
      p_endpoint.account_ids is null
      or coalesce(p_data ->> 'account_id', '') = any (p_endpoint.account_ids::text[])
    );
end
$$;

comment on function private.wants_event(public.webhook_endpoints, text, uuid, jsonb) is
  'Whether an event of an endpoint''s workspace passes its filters; never null.';

-- First lock of every change: endpoint, then lane, then job, everywhere.
-- Definer: called by definers; it must see rows of other workspaces to hide them alike.
create function private.lock_webhook_endpoint(p_endpoint_id uuid, p_role text, p_version int)
returns public.webhook_endpoints
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_endpoint public.webhook_endpoints;
begin
  select * into v_endpoint from public.webhook_endpoints where id = p_endpoint_id;
  perform private.require_role(v_endpoint.workspace_id, p_role);

  select * into v_endpoint from public.webhook_endpoints where id = p_endpoint_id
  for no key update;
  perform private.require_version(v_endpoint.version, p_version, 'webhook endpoint');
  return v_endpoint;
end
$$;

comment on function private.lock_webhook_endpoint(uuid, text, int) is
  'The endpoint, locked, when the caller holds p_role in its workspace; 404, 403 or 412 otherwise.';
