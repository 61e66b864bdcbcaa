set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.recover_deliveries(uuid, text, timestamptz, timestamptz, boolean);
drop function private.recover_deliveries(
  uuid, text, timestamptz, timestamptz, boolean, int, timestamptz
);
drop function private.deliver_missed(
  public.webhook_endpoints, timestamptz, timestamptz, int, timestamptz
);
drop function private.send_failed_again(
  public.webhook_endpoints, timestamptz, timestamptz, int, timestamptz
);
drop function private.missed_events(public.webhook_endpoints, timestamptz, timestamptz, int);
drop function private.failed_deliveries(public.webhook_endpoints, timestamptz, timestamptz, int);
drop function private.require_recoverable(uuid, timestamptz);
drop function private.recoverable_since(uuid);
