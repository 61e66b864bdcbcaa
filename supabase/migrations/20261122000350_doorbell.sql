-- The doorbell: wakes an edge function through pg_net.
--
-- A ring is only a hint. pg_net may lose it and a tick repairs that, so nothing that matters
-- depends on one ring arriving, and no state change ever fails because of it.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.doorbells (
  slug text primary key,
  rung_at timestamptz not null default '-infinity',
  -- Until then somebody is expected to look for work once more.
  awake_until timestamptz not null default '-infinity'
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

-- A clock set back leaves times ahead that nobody could have written, and they count for nothing. A second is what
-- a transaction that began earlier may be behind; nobody is awake for longer than two.
create function private.may_ring(
  p_bell private.doorbells, p_now timestamptz, p_apart interval, p_unless_awake boolean
)
returns boolean
language sql
immutable
set search_path = ''
as $$
  select (p_bell.rung_at <= p_now - p_apart or p_bell.rung_at > p_now + interval '1 second')
    and (
      not p_unless_awake
      or p_bell.awake_until <= p_now or p_bell.awake_until > p_now + interval '3 seconds'
    );
$$;

comment on function private.may_ring(private.doorbells, timestamptz, interval, boolean) is
  'Whether it was not rung for p_apart and, if that matters, nobody is awake.';

create function private.ring(
  p_slug text, p_times int default 1, p_now timestamptz default clock_timestamp(),
  p_apart interval default interval '100 milliseconds', p_unless_awake boolean default false
)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  -- Somebody who holds the row is ringing right now, and 100 ms ago is now for a hint.
  perform from private.doorbells as bells
  where bells.slug = p_slug and private.may_ring(bells, p_now, p_apart, p_unless_awake)
  for update skip locked;
  if not found then
    return false;
  end if;

  update private.doorbells
  set rung_at = p_now, awake_until = p_now + interval '1 second'
  where slug = p_slug;
  perform private.call_function(p_slug) from generate_series(1, p_times);
  return true;
exception
  when others then
    raise warning 'ringing % failed: %', p_slug, sqlerrm;
    return false;
end
$$;

comment on function private.ring(text, int, timestamptz, interval, boolean) is
  'Wakes p_times workers of a function. Never raises; false when it was rung less than p_apart ago, or p_unless_awake and somebody is at work.';

-- A burst needs no ring while a worker finds something each time it looks. One that finds nothing
-- lets others ring again first, and looks once more afterwards: whatever relied on it is seen then.
create function private.answer_bell(p_slug text, p_found boolean, p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  update private.doorbells
  set awake_until = case when p_found then p_now + interval '2 seconds' else '-infinity' end
  where slug = p_slug
    and case
      when p_found then awake_until < p_now + interval '1 second'
      else awake_until > '-infinity'
    end;
$$;

comment on function private.answer_bell(text, boolean, timestamptz) is
  'A worker has looked for work, and will look at least once more.';

-- A ring in the middle of a transaction comes too early: whoever it wakes sees nothing yet, and others
-- rely on it. So it is made when the transaction commits, once however often it was asked for.
create unlogged table private.due_rings (
  transaction_id xid8 not null default pg_current_xact_id(),
  slug text not null,
  primary key (transaction_id, slug)
);

comment on table private.due_rings is 'A ring that a running transaction makes when it commits.';

alter table private.due_rings enable row level security;

create function private.ring_at_commit(p_slug text)
returns void
language sql
set search_path = ''
as $$
  insert into private.due_rings (slug) values (p_slug) on conflict do nothing;
$$;

comment on function private.ring_at_commit(text) is
  'Wakes one worker of a function once this transaction commits.';

-- Definer: whoever commits, the bell rings.
create function private.tg_due_rings__ring()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  delete from private.due_rings
  where transaction_id = new.transaction_id and slug = new.slug;
  perform private.ring(new.slug, p_unless_awake => true);
  return null;
end
$$;

create constraint trigger due_rings_at_commit_ring
  after insert on private.due_rings
  deferrable initially deferred
  for each row execute function private.tg_due_rings__ring();
