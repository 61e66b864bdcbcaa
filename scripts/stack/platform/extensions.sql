-- Extensions a hosted project has from the start, in schema extensions.

create schema if not exists extensions authorization postgres;
grant usage on schema extensions to public;

do $$
declare
  v_name text;
begin
  foreach v_name in array array['pgcrypto', 'uuid-ossp', 'pg_stat_statements'] loop
    if exists (select from pg_available_extensions where name = v_name) then
      execute format('create extension if not exists %I with schema extensions', v_name);
    end if;
  end loop;
  if exists (select from pg_available_extensions where name = 'supabase_vault') then
    create extension if not exists supabase_vault cascade;
  end if;
end
$$;

-- Not part of hosted Supabase: what the stand-ins keep to themselves.
create schema if not exists platform;
revoke all on schema platform from public;
