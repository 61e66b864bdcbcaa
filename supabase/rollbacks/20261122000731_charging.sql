set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.take_places(private.hold_change[], boolean);
drop function private.day_full(uuid, date, int, int);
drop function private.next_free_day(uuid, date, int);
drop function private.charge_budgets(private.hold_change[], boolean);
drop function private.month_changes(private.hold_change[]);
drop function private.over_budget(bigint, bigint, bigint, date);
