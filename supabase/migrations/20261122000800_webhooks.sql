-- Webhook endpoints: where a workspace's events are delivered, the secrets that sign them, and what
-- headers go along.
--
-- Secrets and headers are encrypted before they get here and bound to endpoint and workspace. During
-- a rotation two secrets are valid: the current one, and its predecessor for a day.

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

create table private.webhook_secrets (
  id uuid primary key default gen_random_uuid(),
  endpoint_id uuid not null references public.webhook_endpoints (id) on delete cascade,
  encrypted_secret text not null,
  expires_at timestamptz not null default 'infinity',
  created_at timestamptz not null default clock_timestamp(),
  constraint webhook_secrets_are_encrypted check (encrypted_secret like 'v1.%')
);

comment on table private.webhook_secrets is
  'Signing secrets, AES-256-GCM. No role of the API can read them; deliver gets them through service.';

-- Serves: "one current secret", and the look-up by endpoint.
create unique index webhook_secrets_current_key
  on private.webhook_secrets (endpoint_id) where expires_at = 'infinity';
-- Serves: "one predecessor at most".
create unique index webhook_secrets_previous_key
  on private.webhook_secrets (endpoint_id) where expires_at <> 'infinity';
-- Serves: the foreign key.
create index webhook_secrets_endpoint_id_idx on private.webhook_secrets (endpoint_id);

create table private.webhook_headers (
  endpoint_id uuid primary key references public.webhook_endpoints (id) on delete cascade,
  encrypted_headers text not null,
  constraint webhook_headers_are_encrypted check (encrypted_headers like 'v1.%')
);

comment on table private.webhook_headers is
  'Headers a workspace wants sent along, a JSON object, AES-256-GCM. Shown to nobody again.';

alter table public.webhook_endpoints enable row level security;
alter table private.webhook_secrets enable row level security;
alter table private.webhook_headers enable row level security;

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

create function private.require_endpoint_accounts(p_workspace_id uuid, p_account_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_unknown uuid := (
    select wanted.id
    from unnest(p_account_ids) as wanted (id)
    where not exists (
      select from public.accounts
      where accounts.id = wanted.id and accounts.workspace_id = p_workspace_id
    )
    limit 1
  );
begin
  if v_unknown is not null then
    perform private.refuse(422, 'webhook-account-unknown',
      format('account_ids holds %s, which is no account of this workspace.', v_unknown),
      'Take the ids from GET /accounts, or leave account_ids out for all accounts.');
  end if;
end
$$;

comment on function private.require_endpoint_accounts(uuid, uuid[]) is
  '422 unless every account is one of the workspace.';

-- Nothing changes unless the caller names headers; no envelope means none any more.
create function private.save_webhook_headers(p_endpoint_id uuid, p_changes jsonb)
returns void
language sql
set search_path = ''
as $$
  delete from private.webhook_headers
  where endpoint_id = p_endpoint_id and p_changes ? 'header_names';
  insert into private.webhook_headers (endpoint_id, encrypted_headers)
  select p_endpoint_id, p_changes ->> 'encrypted_headers'
  where p_changes ? 'header_names' and p_changes ->> 'encrypted_headers' is not null;
$$;

comment on function private.save_webhook_headers(uuid, jsonb) is
  'Replaces the headers of an endpoint by {header_names, encrypted_headers}, when they are given.';

-- p_endpoint: {id, url, description, event_types, account_ids, max_in_flight, max_per_second,
-- header_names, encrypted_headers}.
create function private.create_webhook_endpoint(
  p_workspace_id uuid, p_endpoint jsonb, p_encrypted_secret text
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_endpoint public.webhook_endpoints;
begin
  perform private.require_role(p_workspace_id, 'admin');

  -- One at a time per workspace, so that two requests cannot both be the twentieth.
  perform from public.workspaces where id = p_workspace_id for no key update;
  if (select count(*) from public.webhook_endpoints where workspace_id = p_workspace_id) >= 20 then
    perform private.refuse(409, 'webhook-endpoint-limit', 'A workspace has 20 webhook endpoints at most.',
      'Delete one that is not used any more.');
  end if;

  insert into public.webhook_endpoints (
    id, workspace_id, url, description, event_types, account_ids, header_names, max_in_flight,
    max_per_second, created_by
  )
  select
    wanted.id, p_workspace_id, wanted.url, wanted.description, wanted.event_types,
    wanted.account_ids, coalesce(wanted.header_names, '{}'), coalesce(wanted.max_in_flight, 20),
    wanted.max_per_second, (select auth.uid())
  from jsonb_populate_record(null::public.webhook_endpoints, p_endpoint) as wanted
  returning * into v_endpoint;

  insert into private.webhook_secrets (endpoint_id, encrypted_secret)
  values (v_endpoint.id, p_encrypted_secret);
  perform private.require_endpoint_accounts(p_workspace_id, v_endpoint.account_ids);
  perform private.save_webhook_headers(v_endpoint.id, p_endpoint);
  return to_jsonb(v_endpoint);
end
$$;

create function public.create_webhook_endpoint(
  p_workspace_id uuid, p_endpoint jsonb, p_encrypted_secret text
)
returns jsonb
language sql
set search_path = ''
as $$
  select private.create_webhook_endpoint(p_workspace_id, p_endpoint, p_encrypted_secret);
$$;

comment on function public.create_webhook_endpoint(uuid, jsonb, text) is
  'Adds an endpoint ({id, url, description, event_types, account_ids, max_in_flight, max_per_second, header_names, encrypted_headers}) with its secret, encrypted for that id. Role admin.';

-- An event, and an e-mail to those who can do something about it: an endpoint that fails hears of
-- nothing itself.
create function private.tell_of_webhook_endpoints(
  p_endpoint_ids uuid[], p_type text, p_details jsonb, p_by_email boolean
)
returns void
language sql
set search_path = ''
as $$
  with notices as (
    select
      endpoints.workspace_id, endpoints.id,
      jsonb_build_object(
        'endpoint_id', endpoints.id, 'url', endpoints.url,
        'failing_since', endpoints.failing_since
      ) || p_details as data
    from public.webhook_endpoints as endpoints
    where endpoints.id = any (p_endpoint_ids)
  ), emails as (
    insert into private.emails (workspace_id, user_id, kind, data)
    select notices.workspace_id, members.user_id, p_type, notices.data
    from notices
    join public.workspace_members as members on members.workspace_id = notices.workspace_id
    where p_by_email and members.role in ('owner', 'admin')
  )
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  select notices.workspace_id, p_type, 'webhook_endpoint', notices.id, notices.data
  from notices;
$$;

comment on function private.tell_of_webhook_endpoints(uuid[], text, jsonb, boolean) is
  'Writes an event {endpoint_id, url, failing_since, …p_details} of each endpoint, and e-mails to owners and admins.';

-- Nobody is sent an e-mail about what somebody did on purpose.
create function private.disable_webhook_endpoints(p_endpoint_ids uuid[], p_reason text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_disabled uuid[];
begin
  with disabled as (
    update public.webhook_endpoints as endpoints
    set status = 'disabled', disabled_reason = p_reason, version = endpoints.version + 1
    where endpoints.id = any (p_endpoint_ids) and endpoints.status = 'enabled'
    returning endpoints.id
  )
  select array_agg(disabled.id) into v_disabled from disabled;
  perform private.tell_of_webhook_endpoints(
    v_disabled, 'webhook_endpoint.disabled', jsonb_build_object('reason', p_reason),
    p_reason <> 'requested'
  );
end
$$;

comment on function private.disable_webhook_endpoints(uuid[], text) is
  'Stops deliveries to endpoints that are enabled, and says so with webhook_endpoint.disabled.';

create function private.warn_of_failing(p_endpoint_ids uuid[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_warned uuid[];
begin
  with warned as (
    update public.webhook_endpoints as endpoints
    set warned_at = p_now
    where endpoints.id = any (p_endpoint_ids)
      and endpoints.status = 'enabled'
      and endpoints.warned_at is null
    returning endpoints.id
  )
  select array_agg(warned.id) into v_warned from warned;
  perform private.tell_of_webhook_endpoints(v_warned, 'webhook_endpoint.failing', '{}', true);
end
$$;

comment on function private.warn_of_failing(uuid[], timestamptz) is
  'Says with webhook_endpoint.failing that nothing gets through to endpoints, once until something does.';

-- p_changes: any of url, description, event_types, account_ids, max_in_flight, max_per_second, status,
-- and header_names with encrypted_headers.
create function private.update_webhook_endpoint(p_endpoint_id uuid, p_changes jsonb, p_version int)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_endpoint public.webhook_endpoints :=
    private.lock_webhook_endpoint(p_endpoint_id, 'admin', p_version);
  v_wanted public.webhook_endpoints := jsonb_populate_record(v_endpoint, p_changes);
  v_enabled boolean := v_wanted.status = 'enabled' and v_endpoint.status = 'disabled';
begin
  perform private.require_endpoint_accounts(v_endpoint.workspace_id, v_wanted.account_ids);
  perform private.save_webhook_headers(p_endpoint_id, p_changes);
  update public.webhook_endpoints as endpoints
  set
    url = v_wanted.url,
    description = v_wanted.description,
    event_types = v_wanted.event_types,
    account_ids = v_wanted.account_ids,
    header_names = v_wanted.header_names,
    max_in_flight = v_wanted.max_in_flight,
    max_per_second = v_wanted.max_per_second,
    status = case v_wanted.status when 'disabled' then endpoints.status else v_wanted.status end,
    disabled_reason = case when v_enabled then null else endpoints.disabled_reason end,
    -- A second chance starts from nothing.
    failing_since = case when v_enabled then null else endpoints.failing_since end,
    last_failed_at = case when v_enabled then null else endpoints.last_failed_at end,
    failure_count = case when v_enabled then 0 else endpoints.failure_count end,
    warned_at = case when v_enabled then null else endpoints.warned_at end,
    version = endpoints.version + 1
  where endpoints.id = p_endpoint_id;

  if v_wanted.status = 'disabled' then
    perform private.disable_webhook_endpoints(array[p_endpoint_id], 'requested');
  end if;
  select * into v_endpoint from public.webhook_endpoints where id = p_endpoint_id;
  return to_jsonb(v_endpoint);
end
$$;

create function public.update_webhook_endpoint(
  p_endpoint_id uuid, p_changes jsonb, p_version int default null
)
returns jsonb
language sql
set search_path = ''
as $$
  select private.update_webhook_endpoint(p_endpoint_id, p_changes, p_version);
$$;

comment on function public.update_webhook_endpoint(uuid, jsonb, int) is
  'Changes what p_changes names: url, description, event_types, account_ids, limits, headers or status. Role admin. 412 when p_version is not the current one.';

create function private.delete_webhook_endpoint(p_endpoint_id uuid, p_version int)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_endpoint public.webhook_endpoints :=
    private.lock_webhook_endpoint(p_endpoint_id, 'admin', p_version);
begin
  delete from public.webhook_endpoints where id = p_endpoint_id;
  return to_jsonb(v_endpoint);
end
$$;

create function public.delete_webhook_endpoint(p_endpoint_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.delete_webhook_endpoint(p_endpoint_id, p_version);
$$;

comment on function public.delete_webhook_endpoint(uuid, int) is
  'Deletes an endpoint with its secrets; its deliveries stay as a log. Role admin. Returns what it was.';

create function private.rotate_webhook_secret(
  p_endpoint_id uuid, p_encrypted_secret text, p_now timestamptz
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.lock_webhook_endpoint(p_endpoint_id, 'admin', null);

  delete from private.webhook_secrets
  where endpoint_id = p_endpoint_id and expires_at <> 'infinity';
  update private.webhook_secrets
  set expires_at = p_now + interval '1 day'
  where endpoint_id = p_endpoint_id;
  insert into private.webhook_secrets (endpoint_id, encrypted_secret)
  values (p_endpoint_id, p_encrypted_secret);
  return jsonb_build_object(
    'endpoint_id', p_endpoint_id, 'previous_expires_at', p_now + interval '1 day'
  );
end
$$;

create function public.rotate_webhook_secret(p_endpoint_id uuid, p_encrypted_secret text)
returns jsonb
language sql
set search_path = ''
as $$
  select private.rotate_webhook_secret(p_endpoint_id, p_encrypted_secret, clock_timestamp());
$$;

comment on function public.rotate_webhook_secret(uuid, text) is
  'Makes p_encrypted_secret current; the one before stays valid for a day, older ones go. Role admin.';

-- Found through the index of predecessors: there are few, whatever the number of endpoints.
create function private.forget_webhook_secrets(p_now timestamptz)
returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
declare
  v_forgotten int;
begin
  delete from private.webhook_secrets
  where expires_at <> 'infinity' and expires_at <= p_now;
  get diagnostics v_forgotten = row_count;
  return v_forgotten;
end
$$;

comment on function private.forget_webhook_secrets(timestamptz) is
  'Erases secrets whose day after a rotation is over. Returns how many.';

-- The event goes to this endpoint alone, whatever types it wants.
create function private.test_webhook_endpoint(p_endpoint_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_endpoint public.webhook_endpoints :=
    private.lock_webhook_endpoint(p_endpoint_id, 'admin', null);
  v_event_id uuid;
begin
  if v_endpoint.status = 'disabled' then
    perform private.refuse(409, 'webhook-endpoint-disabled', 'Nothing is delivered to a disabled endpoint.',
      'Enable it first: PATCH /webhook-endpoints/:id with {"status": "enabled"}.');
  end if;
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  values (
    v_endpoint.workspace_id, 'webhook.test', 'webhook_endpoint', p_endpoint_id,
    jsonb_build_object('endpoint_id', p_endpoint_id)
  )
  returning id into v_event_id;
  return jsonb_build_object('event_id', v_event_id);
end
$$;

create function public.test_webhook_endpoint(p_endpoint_id uuid)
returns jsonb
language sql
set search_path = ''
as $$
  select private.test_webhook_endpoint(p_endpoint_id);
$$;

comment on function public.test_webhook_endpoint(uuid) is
  'Emits webhook.test for one endpoint. Role admin. Returns {event_id}.';

grant execute on function private.create_webhook_endpoint(uuid, jsonb, text) to authenticated;
grant execute on function public.create_webhook_endpoint(uuid, jsonb, text) to authenticated;
grant execute on function private.update_webhook_endpoint(uuid, jsonb, int) to authenticated;
grant execute on function public.update_webhook_endpoint(uuid, jsonb, int) to authenticated;
grant execute on function private.delete_webhook_endpoint(uuid, int) to authenticated;
grant execute on function public.delete_webhook_endpoint(uuid, int) to authenticated;
grant execute on function private.rotate_webhook_secret(uuid, text, timestamptz) to authenticated;
grant execute on function public.rotate_webhook_secret(uuid, text) to authenticated;
grant execute on function private.test_webhook_endpoint(uuid) to authenticated;
grant execute on function public.test_webhook_endpoint(uuid) to authenticated;
