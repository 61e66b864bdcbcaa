set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.list_costs(uuid, date);
drop function private.budget_used(uuid, date);
drop function private.fold_costs(int, timestamptz);
drop function private.add_costs(private.cost_log[]);
drop function private.log_events(uuid[], timestamptz);
drop function private.log_account_reads(uuid, text[], timestamptz);
drop function private.log_reads(uuid[], text[], timestamptz);
drop function private.log_costs(text, uuid[], timestamptz);
drop table private.billed_reads;
drop table private.network_costs;
drop table private.cost_log;
