set local lock_timeout = '5s';
set local statement_timeout = '60s';

select cron.unschedule('myposts-cron-log');
select cron.unschedule('myposts-receipts');
select cron.unschedule('myposts-keys');
select cron.unschedule('myposts-texts');
select cron.unschedule('myposts-events');
select cron.unschedule('myposts-partitions');
select cron.unschedule('myposts-costs');
select cron.unschedule('myposts-usage');
select cron.unschedule('myposts-billing');
select cron.unschedule('myposts-inbound');
select cron.unschedule('myposts-analytics');
select cron.unschedule('myposts-emails');
select cron.unschedule('myposts-deliver');
select cron.unschedule('myposts-day-caps');
select cron.unschedule('myposts-limits');
select cron.unschedule('myposts-tick');
