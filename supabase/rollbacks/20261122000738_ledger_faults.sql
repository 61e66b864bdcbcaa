set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.ledger_faults();
drop function private.sum_faults();
drop function private.hold_faults();
