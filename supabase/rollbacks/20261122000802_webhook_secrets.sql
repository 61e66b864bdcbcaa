set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.forget_webhook_secrets(timestamptz);
drop function public.rotate_webhook_secret(uuid, text);
drop function private.rotate_webhook_secret(uuid, text, timestamptz);
drop function private.save_webhook_headers(uuid, jsonb);
drop table private.webhook_headers;
drop table private.webhook_secrets;
