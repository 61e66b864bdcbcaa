set local lock_timeout = '5s';
set local statement_timeout = '60s';

select cron.unschedule('myposts-cron-log');
select cron.unschedule('myposts-receipts');
select cron.unschedule('myposts-keys');
select cron.unschedule('myposts-texts');
select cron.unschedule('myposts-delivery-log');
select cron.unschedule('myposts-events');
select cron.unschedule('myposts-partitions');
select cron.unschedule('myposts-billing');
select cron.unschedule('myposts-day-caps');
select cron.unschedule('myposts-heartbeat-others');
select cron.unschedule('myposts-heartbeat-publishing');
