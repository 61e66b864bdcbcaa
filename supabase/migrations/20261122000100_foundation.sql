-- Schemas, default privileges, extensions and the identifier every other capability stands on.
--
-- public  : tables, views and functions clients may use, behind RLS
-- private : queues, leases, tokens, definers and every partition leaf; never exposed
-- service : functions only our edge functions call, exposed to service_role alone

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create schema private;
create schema service;

comment on schema private is
  'Queues, leases, tokens, definers and partition leaves. Not exposed through the API.';
comment on schema service is
  'Functions our edge functions call with the secret key. Usable by service_role alone.';

-- The global form: the "in schema" form cannot take away what PostgreSQL grants to everyone.
alter default privileges revoke execute on functions from public;
alter default privileges in schema public
  revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public
  revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public
  revoke execute on functions from anon, authenticated, service_role;
alter default privileges in schema service grant execute on functions to service_role;

grant usage on schema public to anon, authenticated, service_role;
grant usage on schema private to authenticated, service_role;
grant usage on schema service to service_role;

-- Cron and outgoing calls are extensions on hosted Supabase. A database that does not offer them
-- must bring the same SQL surface.
do $$
begin
  if exists (select from pg_available_extensions where name = 'pg_cron') then
    create extension if not exists pg_cron with schema pg_catalog;
  end if;
  if exists (select from pg_available_extensions where name = 'pg_net') then
    create extension if not exists pg_net with schema extensions;
  end if;
end
$$;

-- A UUIDv7 for p_now: 48 bits of milliseconds, then 12 bits of the fraction below a millisecond
-- (RFC 9562 §6.2, method 3), then random bits. Ids made later in one database sort later.
-- In hexadecimal the first two are one number, the time in 1/4096 ms, with the version between them.
create function private.uuid_v7(p_now timestamptz default clock_timestamp())
returns uuid
language plpgsql
volatile
parallel safe
set search_path = ''
as $$
declare
  v_time text := lpad(to_hex(floor(date_part('epoch', p_now) * 4096000)::bigint), 15, '0');
begin
  return overlay(v_time placing '7' from 13 for 0) || substr(gen_random_uuid()::text, 20);
end
$$;

comment on function private.uuid_v7(timestamptz) is
  'A UUIDv7 whose time is p_now. Ids come from the database, never from a caller.';

-- The smallest UUIDv7 of p_at: the bound between two leaves.
create function private.uuid_v7_floor(p_at timestamptz)
returns uuid
language sql
immutable
parallel safe
set search_path = ''
as $$
  select rpad(lpad(to_hex(floor(extract(epoch from p_at) * 1000)::bigint), 12, '0'), 32, '0')::uuid;
$$;

comment on function private.uuid_v7_floor(timestamptz) is
  'The smallest id a row made at p_at can have: lower bound for pruning by time.';

create function private.uuid_v7_time(p_id uuid)
returns timestamptz
language sql
immutable
parallel safe
set search_path = ''
as $$
  select to_timestamp(
    ('x' || lpad(left(replace(p_id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0
  );
$$;

comment on function private.uuid_v7_time(uuid) is
  'When a UUIDv7 was made, to the millisecond.';

-- First instant of a month in UTC whatever the session's zone is: that of p_at, or p_ahead months on.
create function private.month_floor(p_at timestamptz, p_ahead int default 0)
returns timestamptz
language sql
immutable
parallel safe
set search_path = ''
as $$
  select (date_trunc('month', p_at at time zone 'UTC') + make_interval(months => p_ahead))
    at time zone 'UTC';
$$;

comment on function private.month_floor(timestamptz, int) is
  'First instant (UTC) of the month p_at lies in, or of the one p_ahead months later.';

grant execute on function private.uuid_v7_floor(timestamptz) to authenticated;
grant execute on function private.uuid_v7_time(uuid) to authenticated;

-- Refuses the running statement the way the API reports it: PostgREST turns PTnnn into status nnn.
create function private.iso(p_at timestamptz)
returns text
language sql
stable
set search_path = ''
as $$
  select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
$$;

comment on function private.iso(timestamptz) is 'An instant as people read it in a detail.';

create function private.refuse(p_status int, p_slug text, p_detail text, p_remedy text default null)
returns void
language plpgsql
set search_path = ''
as $$
begin
  raise exception using
    errcode = 'PT' || p_status,
    message = p_slug,
    detail = p_detail,
    hint = coalesce(p_remedy, '');
end
$$;

comment on function private.refuse(int, text, text, text) is
  'Raises sqlstate PT<status> with the problem slug as message, and what to do as hint.';

grant execute on function private.refuse(int, text, text, text) to authenticated;
