-- Roles, database and schema public as hosted Supabase hands them over: the owner of everything a
-- project makes is `postgres`, which is no superuser.

do $$
declare
  v_role record;
begin
  for v_role in
    select * from (values
      ('anon', 'nologin noinherit'),
      ('authenticated', 'nologin noinherit'),
      ('service_role', 'nologin noinherit bypassrls'),
      ('authenticator', 'login noinherit'),
      ('postgres', 'login createdb createrole replication bypassrls'),
      ('supabase_auth_admin', 'login noinherit createrole'),
      ('supabase_realtime_admin', 'nologin noinherit')
    ) as roles (name, options)
  loop
    if not exists (select from pg_roles where rolname = v_role.name) then
      execute format('create role %I', v_role.name);
    end if;
    execute format('alter role %I nosuperuser %s', v_role.name, v_role.options);
  end loop;
end
$$;

alter role authenticator password 'postgres';
alter role postgres password 'postgres';
alter role supabase_auth_admin password 'postgres';

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to postgres with admin option;
grant authenticator, supabase_realtime_admin to postgres;
grant pg_monitor, pg_signal_backend to postgres;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role supabase_auth_admin set search_path = 'auth';
alter role supabase_auth_admin set idle_in_transaction_session_timeout = '60s';
alter role all set search_path = '$user', public, extensions;

do $$
begin
  execute format('alter database %I owner to postgres', current_database());
  execute format('grant connect on database %I to supabase_auth_admin', current_database());
end
$$;

alter schema public owner to postgres;
grant usage on schema public to anon, authenticated, service_role;

-- What hosted projects still hand out by default, though tables no longer come with read or write
-- rights: a migration that forgets to take these away must be caught here, not there.
alter default privileges for role postgres in schema public
  grant truncate, references, trigger on tables to anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant execute on functions to anon, authenticated, service_role;
