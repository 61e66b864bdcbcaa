set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.billing_tick(timestamptz);
drop function service.save_dispute(uuid, uuid, jsonb, timestamptz);
drop function service.save_subscription(uuid, uuid, int, jsonb, interval, timestamptz);
drop function private.entitlement_end(text, timestamptz, timestamptz, interval);
drop function service.begin_reading(text);
drop function service.link_billing_customer(uuid, text, timestamptz);
drop function private.refresh_customer(text, timestamptz);
drop function private.refresh_tiers(uuid[], timestamptz);
drop function private.tier_rank(text);
drop table private.disputes;
drop table private.subscriptions;
drop table private.billing_customers;
