set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.test_webhook_endpoint(uuid);
drop function private.test_webhook_endpoint(uuid);
drop function public.delete_webhook_endpoint(uuid, int);
drop function private.delete_webhook_endpoint(uuid, int);
drop function public.update_webhook_endpoint(uuid, jsonb, int);
drop function private.update_webhook_endpoint(uuid, jsonb, int);
drop function public.create_webhook_endpoint(uuid, jsonb, text);
drop function private.create_webhook_endpoint(uuid, jsonb, text);
drop function private.require_endpoint_accounts(uuid, uuid[]);
