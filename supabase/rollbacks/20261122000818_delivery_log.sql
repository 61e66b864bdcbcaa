set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.list_deliveries(uuid, jsonb, uuid, int);
drop function public.get_delivery(uuid);
drop function private.delivery_document(public.webhook_deliveries);
