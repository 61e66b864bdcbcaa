-- What runs by itself. Each job is one SQL function; functions are woken only when work is due.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

select cron.schedule('myposts-tick', '2 seconds', 'select private.tick()');
select cron.schedule('myposts-limits', '2 seconds', 'select private.limits_tick()');
select cron.schedule('myposts-day-caps', '* * * * *', 'select private.watch_day_caps()');
select cron.schedule('myposts-deliver', '2 seconds', 'select private.deliver_tick()');
select cron.schedule('myposts-emails', '10 seconds', 'select private.email_tick()');
select cron.schedule('myposts-analytics', '5 seconds', 'select private.analytics_tick()');
select cron.schedule('myposts-inbound', '5 seconds', 'select private.inbound_tick()');
select cron.schedule('myposts-billing', '* * * * *', 'select private.billing_tick()');
select cron.schedule('myposts-usage', '10 seconds', 'select private.fold_usage()');
select cron.schedule('myposts-costs', '10 seconds', 'select private.fold_costs()');
select cron.schedule('myposts-partitions', '17 * * * *', 'select private.maintain_partitions()');
select cron.schedule('myposts-events', '23 * * * *', 'select private.forget_events()');
select cron.schedule('myposts-delivery-log', '26 * * * *', 'select private.forget_deliveries()');
select cron.schedule('myposts-texts', '*/10 * * * *', 'select private.prune_text_fingerprints()');
select cron.schedule('myposts-receipts', '29 * * * *', 'select private.forget_inbound()');
select cron.schedule('myposts-keys', '53 * * * *', 'select private.watch_keys()');
-- pg_cron never purges its log, and a job of seconds fills it fastest.
select cron.schedule(
  'myposts-cron-log', '41 * * * *',
  $$delete from cron.job_run_details where end_time < now() - interval '1 day'$$
);
