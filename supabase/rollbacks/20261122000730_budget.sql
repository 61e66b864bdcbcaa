set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.month_of(date);
drop function private.usd(bigint);
drop type private.hold_change;
drop table private.spend_ledger;
delete from private.partition_policies where parent = 'private.spend_ledger';
drop table private.app_days;
drop table private.budget_months;
drop table private.budgets;
drop table private.prices;
