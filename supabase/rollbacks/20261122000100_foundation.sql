set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.refuse(int, text, text, text);
drop function private.iso(timestamptz);
drop function private.month_floor(timestamptz, int);
drop function private.uuid_v7_time(uuid);
drop function private.uuid_v7_floor(timestamptz);
drop function private.uuid_v7(timestamptz);

alter default privileges in schema service revoke execute on functions from service_role;
alter default privileges in schema public
  grant execute on functions to anon, authenticated, service_role;
-- What a project has by default today; reading and writing are no part of it any more.
alter default privileges in schema public
  grant truncate, references, trigger on tables to anon, authenticated, service_role;
alter default privileges grant execute on functions to public;

drop schema service;
drop schema private;
