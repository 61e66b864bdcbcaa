-- The doorbell: wakes an edge function through pg_net.
--
-- A ring is only a hint. pg_net may lose it and a tick repairs that, so nothing that matters
-- depends on one ring arriving, and no state change ever fails because of it.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.doorbells (
  slug text primary key,
  rung_at timestamptz not null default '-infinity'
);

comment on table private.doorbells is
  'One row per function that can be woken; its lock and its time keep a burst to one ring.';

alter table private.doorbells enable row level security;

insert into private.doorbells (slug) values ('publish'), ('deliver'), ('analytics');

-- Reads the address and the key from Vault; hands the call to pg_net, which sends it after commit.
create function private.call_function(p_slug text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_url text;
  v_key text;
begin
  select decrypted_secret into v_url from vault.decrypted_secrets where name = 'project_url';
  select decrypted_secret into v_key from vault.decrypted_secrets where name = 'cron_key';

  if v_url is null or v_key is null then
    perform private.raise_alert(
      'doorbell-unconfigured', '', 'Vault lacks the secret project_url or cron_key.',
      'Create both with vault.create_secret; see docs/configuration.md.'
    );
    return;
  end if;
  perform net.http_post(
    url := v_url || '/functions/v1/' || p_slug,
    body := '{}'::jsonb,
    params := '{}'::jsonb,
    headers := jsonb_build_object('content-type', 'application/json', 'apikey', v_key),
    timeout_milliseconds := 10000
  );
  perform private.clear_alert('doorbell-unconfigured');
end
$$;

comment on function private.call_function(text) is
  'Queues one POST to an edge function with the cron key.';

create function private.ring(
  p_slug text, p_times int default 1, p_now timestamptz default clock_timestamp()
)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  -- Somebody who holds the row is ringing right now, and 100 ms ago is now for a hint.
  perform from private.doorbells
  where slug = p_slug and rung_at < p_now - interval '100 milliseconds'
  for update skip locked;
  if not found then
    return false;
  end if;

  update private.doorbells set rung_at = p_now where slug = p_slug;
  perform private.call_function(p_slug) from generate_series(1, p_times);
  return true;
exception
  when others then
    raise warning 'ringing % failed: %', p_slug, sqlerrm;
    return false;
end
$$;

comment on function private.ring(text, int, timestamptz) is
  'Wakes p_times workers of a function. Never raises; false when somebody rang it just now.';
