set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.delete_x_app(uuid, int);
drop function public.update_x_app(uuid, jsonb, text, int);
drop function public.get_x_app(uuid);
drop function public.list_x_apps(uuid);
drop function public.create_x_app(uuid, jsonb, text);
drop function private.release_x_app(text);
drop function private.forget_app_secrets();
drop function private.delete_x_app(uuid, int);
drop function private.update_x_app(uuid, jsonb, text, int);
drop function private.get_x_app(uuid);
drop function private.list_x_apps(uuid);
drop function private.create_x_app(uuid, jsonb, text);
drop function private.make_way_for_x_app(uuid, text);
drop function private.emit_x_app_event(private.x_apps, text);
drop function private.x_app_document(private.x_apps);
drop function private.require_x_app(uuid, text);
