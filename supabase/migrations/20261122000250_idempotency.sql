-- Idempotency keys: a POST repeated with the same key gets the first answer instead of a second effect.
--
-- The key is claimed before the request runs and answered after. A request that never reported how
-- it ended keeps its key, so that repeating it cannot do the same thing twice.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.idempotency_keys (
  user_id uuid not null references public.users (id) on delete cascade,
  -- Method and path template, such as "POST /posts/:id/schedule".
  route text not null,
  key text not null,
  -- SHA-256 of method, path with query, workspace and raw body.
  fingerprint text not null,
  -- {status, headers, body}, AES-256-GCM: some answers hold secrets that are shown once. Null while
  -- the first request runs.
  encrypted_response text,
  claimed_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null default clock_timestamp() + interval '24 hours',
  primary key (user_id, route, key),
  constraint idempotency_keys_route_length check (char_length(route) between 1 and 200),
  constraint idempotency_keys_key_length check (char_length(key) between 1 and 255),
  constraint idempotency_keys_fingerprint_is_sha256 check (fingerprint ~ '^[0-9a-f]{64}$'),
  constraint idempotency_keys_response_is_encrypted check (encrypted_response like 'v1.%'),
  constraint idempotency_keys_response_within_2_mb
    check (octet_length(encrypted_response) <= 2097152)
);

comment on table private.idempotency_keys is
  'One row per POST that came with an Idempotency-Key, for 24 hours.';

-- Serves: prune_idempotency_keys.
create index idempotency_keys_expires_at_idx on private.idempotency_keys (expires_at);

alter table private.idempotency_keys enable row level security;

create function private.claim_idempotency_key(
  p_route text, p_key text, p_fingerprint text, p_now timestamptz
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_claim private.idempotency_keys;
begin
  perform private.require_role(private.personal_workspace_id(), 'owner');

  insert into private.idempotency_keys as keys (user_id, route, key, fingerprint, claimed_at, expires_at)
  values (
    (select auth.uid()), p_route, p_key, p_fingerprint, p_now, p_now + interval '24 hours'
  )
  on conflict (user_id, route, key) do update
  set
    fingerprint = excluded.fingerprint, encrypted_response = null,
    claimed_at = excluded.claimed_at, expires_at = excluded.expires_at
  where keys.expires_at <= p_now
  returning * into v_claim;
  if found then
    return jsonb_build_object('state', 'claimed');
  end if;

  select * into v_claim
  from private.idempotency_keys as keys
  where keys.user_id = (select auth.uid()) and keys.route = p_route and keys.key = p_key;
  return case
    when v_claim.fingerprint <> p_fingerprint then jsonb_build_object('state', 'reused')
    when v_claim.encrypted_response is not null then jsonb_build_object(
      'state', 'answered', 'encrypted_response', v_claim.encrypted_response
    )
    -- The platform ends every request that has not begun to answer within 150 s.
    when v_claim.claimed_at < p_now - interval '180 seconds'
      then jsonb_build_object('state', 'unknown')
    else jsonb_build_object('state', 'in_flight')
  end;
end
$$;

create function public.claim_idempotency_key(p_route text, p_key text, p_fingerprint text)
returns jsonb
language sql
set search_path = ''
as $$
  select private.claim_idempotency_key(p_route, p_key, p_fingerprint, clock_timestamp());
$$;

comment on function public.claim_idempotency_key(text, text, text) is
  'Claims a key for the caller: {state: claimed | answered | in_flight | unknown | reused, encrypted_response?}.';

-- p_encrypted_response null gives the key up: nothing happened, and the request may be made again.
create function private.settle_idempotency_key(
  p_route text, p_key text, p_encrypted_response text
)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.require_role(private.personal_workspace_id(), 'owner');

  if p_encrypted_response is null then
    delete from private.idempotency_keys as keys
    where keys.user_id = (select auth.uid())
      and keys.route = p_route and keys.key = p_key and keys.encrypted_response is null;
  else
    update private.idempotency_keys as keys
    set encrypted_response = p_encrypted_response
    where keys.user_id = (select auth.uid())
      and keys.route = p_route and keys.key = p_key and keys.encrypted_response is null;
  end if;
end
$$;

create function public.settle_idempotency_key(
  p_route text, p_key text, p_encrypted_response text default null
)
returns void
language sql
set search_path = ''
as $$
  select private.settle_idempotency_key(p_route, p_key, p_encrypted_response);
$$;

comment on function public.settle_idempotency_key(text, text, text) is
  'Stores the answer to a claimed key, once; null gives the key up.';

grant execute on function
  private.claim_idempotency_key(text, text, text, timestamptz),
  private.settle_idempotency_key(text, text, text),
  public.claim_idempotency_key(text, text, text),
  public.settle_idempotency_key(text, text, text)
to authenticated;

create function private.prune_idempotency_keys(
  p_limit int default 5000, p_now timestamptz default clock_timestamp()
)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_pruned int;
begin
  delete from private.idempotency_keys as keys
  using (
    select expired.user_id, expired.route, expired.key
    from private.idempotency_keys as expired
    where expired.expires_at <= p_now
    order by expired.expires_at
    limit p_limit
    for update skip locked
  ) as expired
  where keys.user_id = expired.user_id
    and keys.route = expired.route
    and keys.key = expired.key;
  get diagnostics v_pruned = row_count;
  return v_pruned;
end
$$;

comment on function private.prune_idempotency_keys(int, timestamptz) is
  'Forgets keys older than 24 hours, at most p_limit. Returns how many.';

select cron.schedule(
  'myposts-idempotency-keys', '*/5 * * * *', 'select private.prune_idempotency_keys()'
);
