set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.replay_delivery(uuid);
drop function private.replay_delivery(uuid, timestamptz);
drop function private.replayed_after(public.webhook_deliveries);
drop function private.require_event_kept(uuid);
