set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop table public.webhook_attempts;
drop table public.webhook_deliveries;
delete from private.partition_policies where parent = 'public.webhook_attempts';
delete from private.partition_policies where parent = 'public.webhook_deliveries';
