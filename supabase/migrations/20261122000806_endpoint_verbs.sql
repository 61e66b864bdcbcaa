-- What callers do with webhook endpoints: create, change, delete and test them. (Rotating a secret is
-- where secrets are.)

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
grant execute on function private.test_webhook_endpoint(uuid) to authenticated;
grant execute on function public.test_webhook_endpoint(uuid) to authenticated;
