-- Key rotation: after a new first key everything that lasts is encrypted anew, in small batches.
--
-- An envelope is replaced only while it is still the one that was read, so a pair of tokens that was
-- refreshed meanwhile is never overwritten. What lives a day at most is left to end by itself.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.key_rotation (
  is_only boolean primary key default true,
  -- The first key of the functions' ring, as they last announced it.
  key_id text not null,
  announced_at timestamptz not null,
  -- When the next batch is due; infinity when nothing is left.
  next_batch_at timestamptz not null,
  constraint key_rotation_single_row check (is_only)
);

comment on table private.key_rotation is
  'Which key encrypts, and whether older envelopes are still to be replaced.';

alter table private.key_rotation enable row level security;

-- aad: what an envelope is bound to, as the functions compose it.
create function private.envelopes()
returns table (place text, id uuid, envelope text, aad text)
language sql
stable
set search_path = ''
as $$
  select
    'account_tokens' as place, tokens.account_id as id, tokens.encrypted_tokens as envelope,
    format('private.account_tokens|encrypted_tokens|%s|%s', accounts.id, accounts.workspace_id) as aad
  from private.account_tokens as tokens
  join public.accounts on accounts.id = tokens.account_id
  union all
  select
    'token_revocations', revocations.account_id, revocations.encrypted_tokens,
    format(
      'private.account_tokens|encrypted_tokens|%s|%s',
      revocations.account_id, revocations.workspace_id
    )
  from private.token_revocations as revocations
  union all
  select
    'webhook_secrets', secrets.id, secrets.encrypted_secret,
    format(
      'private.webhook_secrets|encrypted_secret|%s|%s', endpoints.id, endpoints.workspace_id
    )
  from private.webhook_secrets as secrets
  join public.webhook_endpoints as endpoints on endpoints.id = secrets.endpoint_id
  union all
  select
    'webhook_headers', endpoints.id, headers.encrypted_headers,
    format(
      'private.webhook_headers|encrypted_headers|%s|%s', endpoints.id, endpoints.workspace_id
    )
  from private.webhook_headers as headers
  join public.webhook_endpoints as endpoints on endpoints.id = headers.endpoint_id
  union all
  select
    'x_apps', apps.id, apps.encrypted_client_secret,
    format('private.x_apps|encrypted_client_secret|%s|%s', apps.id, apps.workspace_id)
  from private.x_apps as apps
  where apps.encrypted_client_secret is not null;
$$;

comment on function private.envelopes() is 'Everything encrypted that lasts, and what it is bound to.';

create function private.key_of(p_envelope text)
returns text
language sql
immutable
parallel safe
set search_path = ''
as $$
  select split_part(p_envelope, '.', 2);
$$;

comment on function private.key_of(text) is 'The id of the key an envelope was made with.';

-- A key may leave the ring once nothing is left under it; states of connections end after ten
-- minutes, kept answers after a day.
create function private.count_envelopes()
returns table (key_id text, place text, envelope_count bigint)
language sql
stable
set search_path = ''
as $$
  select private.key_of(sealed.envelope), sealed.place, count(*)
  from (
    select place, envelope from private.envelopes()
    union all
    select 'oauth_states', encrypted_verifier from private.oauth_states
    union all
    select 'idempotency_keys', encrypted_response
    from private.idempotency_keys
    where encrypted_response is not null
  ) as sealed
  group by 1, 2
  order by 1, 2;
$$;

comment on function private.count_envelopes() is
  'How much is encrypted with which key: for the operator who wants to retire one.';

-- Functions announce their first key when they start. A key they had before changes nothing.
create function service.announce_key(
  p_key_id text, p_now timestamptz default clock_timestamp()
)
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  insert into private.key_rotation as rotation (key_id, announced_at, next_batch_at)
  values (p_key_id, p_now, p_now)
  on conflict (is_only) do update
  set
    key_id = excluded.key_id,
    announced_at = excluded.announced_at,
    next_batch_at = case
      when rotation.key_id = excluded.key_id then rotation.next_batch_at
      else excluded.next_batch_at
    end
  returning jsonb_build_object('is_due', rotation.next_batch_at <= p_now);
$$;

comment on function service.announce_key(text, timestamptz) is
  'Which key encrypts from now on. {is_due}: whether older envelopes are to be replaced.';

create function service.claim_envelopes(
  p_key_id text, p_known_key_ids text[], p_limit int default 200,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '8s'
as $$
begin
  update private.key_rotation
  set next_batch_at = p_now + interval '1 minute'
  where key_id = p_key_id and next_batch_at <= p_now;
  if not found then
    return null;
  end if;
  return (
    select coalesce(jsonb_agg(to_jsonb(old)), '[]')
    from (
      select envelopes.*
      from private.envelopes() as envelopes
      where private.key_of(envelopes.envelope) <> p_key_id
        and private.key_of(envelopes.envelope) = any (p_known_key_ids)
      limit p_limit
    ) as old
  );
end
$$;

comment on function service.claim_envelopes(text, text[], int, timestamptz) is
  'Envelopes of older keys: [{place, id, envelope, aad}], leased for a minute; null when that is not due.';

create function private.replace_envelopes(p_envelopes jsonb)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_place text;
  v_replaced int := 0;
  v_count int;
  v_columns constant jsonb := '{
    "account_tokens": ["account_id", "encrypted_tokens"],
    "token_revocations": ["account_id", "encrypted_tokens"],
    "webhook_secrets": ["id", "encrypted_secret"],
    "webhook_headers": ["endpoint_id", "encrypted_headers"],
    "x_apps": ["id", "encrypted_client_secret"]
  }';
begin
  for v_place in select jsonb_object_keys(v_columns) loop
    execute format(
      'update private.%1$I as sealed set %3$I = new.replacement
       from jsonb_to_recordset($1) as new (place text, id uuid, envelope text, replacement text)
       where new.place = %1$L and sealed.%2$I = new.id and sealed.%3$I = new.envelope',
      v_place, v_columns -> v_place ->> 0, v_columns -> v_place ->> 1
    ) using p_envelopes;
    get diagnostics v_count = row_count;
    v_replaced := v_replaced + v_count;
  end loop;
  return v_replaced;
end
$$;

comment on function private.replace_envelopes(jsonb) is
  'Replaces envelopes that are still the ones that were read. Returns how many.';

-- p_envelopes: [{place, id, envelope, replacement}]. Those that could not be opened are left out, and
-- tried again after an hour with everything else that is left.
create function service.save_envelopes(
  p_key_id text, p_envelopes jsonb, p_known_key_ids text[],
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '8s'
as $$
declare
  v_replaced int := private.replace_envelopes(p_envelopes);
  v_left int;
  v_lost int;
begin
  select
    count(*) filter (where private.key_of(envelope) = any (p_known_key_ids)),
    count(*) filter (where not private.key_of(envelope) = any (p_known_key_ids))
  into v_left, v_lost
  from private.envelopes() as envelopes
  where private.key_of(envelope) <> p_key_id;

  update private.key_rotation
  set next_batch_at = case
    when v_left = 0 then 'infinity'
    when v_replaced = 0 then p_now + interval '1 hour'
    else p_now
  end
  where key_id = p_key_id;
  if v_lost + v_left > 0 and v_replaced = 0 then
    perform private.raise_alert(
      'encryption-key-missing', '',
      format('%s secrets cannot be read with the keys in ENCRYPTION_KEYS.', v_lost + v_left),
      'Put the key back that select * from private.count_envelopes() names.', p_now
    );
  else
    perform private.clear_alert('encryption-key-missing');
  end if;
  return jsonb_build_object('replaced', v_replaced, 'left', v_left);
end
$$;

comment on function service.save_envelopes(text, jsonb, text[], timestamptz) is
  'Stores envelopes made anew. {replaced, left}.';

-- A function that started with the older ring may have written with it after the last batch.
create function private.watch_keys(p_now timestamptz default clock_timestamp())
returns boolean
language sql
set search_path = ''
as $$
  with behind as (
    update private.key_rotation as rotation
    set next_batch_at = p_now
    where rotation.next_batch_at > p_now
      and exists (
        select from private.envelopes() as envelopes where private.key_of(envelopes.envelope) <> rotation.key_id
      )
    returning 1
  )
  select exists (select from behind);
$$;

comment on function private.watch_keys(timestamptz) is
  'Once an hour: true when something is encrypted with another key than the first.';
