set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.warn_of_failing(uuid[], timestamptz);
drop function private.disable_webhook_endpoints(uuid[], text);
drop function private.tell_of_webhook_endpoints(uuid[], text, jsonb, boolean);
