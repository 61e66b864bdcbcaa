set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.test_webhook_endpoint(uuid);
drop function private.test_webhook_endpoint(uuid);
drop function public.rotate_webhook_secret(uuid, text);
drop function private.rotate_webhook_secret(uuid, text, timestamptz);
drop function public.delete_webhook_endpoint(uuid, int);
drop function private.delete_webhook_endpoint(uuid, int);
drop function public.update_webhook_endpoint(uuid, jsonb, int);
drop function private.update_webhook_endpoint(uuid, jsonb, int);
drop function private.disable_webhook_endpoints(uuid[], text);
drop function public.create_webhook_endpoint(uuid, jsonb, text);
drop function private.create_webhook_endpoint(uuid, jsonb, text);
drop function private.lock_webhook_endpoint(uuid, text, int);
drop table private.webhook_secrets;
drop table public.webhook_endpoints;
