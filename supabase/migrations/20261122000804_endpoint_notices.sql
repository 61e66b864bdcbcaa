-- Endpoint notices: a workspace hears that nothing gets through to an endpoint, or that it was disabled.
--
-- An event tells its other endpoints, an e-mail those who can do something about it.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
