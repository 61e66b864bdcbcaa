-- Webhook secrets: what signs the deliveries to an endpoint, and what headers go along.
--
-- Secrets and headers are encrypted before they get here and bound to endpoint and workspace. During
-- a rotation two secrets are valid: the current one, and its predecessor for a day.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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

alter table private.webhook_secrets enable row level security;
alter table private.webhook_headers enable row level security;

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

grant execute on function private.rotate_webhook_secret(uuid, text, timestamptz) to authenticated;
grant execute on function public.rotate_webhook_secret(uuid, text) to authenticated;
