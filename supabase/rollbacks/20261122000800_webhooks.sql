set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.lock_webhook_endpoint(uuid, text, int);
drop function private.wants_event(public.webhook_endpoints, text, uuid, jsonb);
drop table public.webhook_endpoints;
