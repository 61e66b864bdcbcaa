set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.update_me(jsonb);
drop function private.update_me(jsonb);
-- With their triggers: only the owner of auth.users could drop those by name.
drop function private.tg_users__follow_email() cascade;
drop function private.tg_users__create_profile() cascade;

drop table public.workspace_members cascade;
drop table public.workspaces cascade;
drop table public.users cascade;

drop function private.personal_workspace_id();
drop function private.require_version(int, int, text);
drop function private.require_role(uuid, text);
drop function private.role_rank(text);
drop function private.workspace_ids();
