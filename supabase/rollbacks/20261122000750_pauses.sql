set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.update_workspace(uuid, jsonb, int);
drop trigger accounts_after_insert_inherit_closure on public.accounts;
drop function private.tg_accounts__inherit_closure();
drop function private.unsuspend_workspace(uuid, timestamptz);
drop function private.suspend_workspace(uuid, text, timestamptz);
drop function private.update_workspace(uuid, jsonb, int, timestamptz);
drop function private.lanes_of(uuid);
drop function private.lock_workspace(uuid);
drop function private.emit_workspace_event(public.workspaces, text);
