set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.ring(text, int, timestamptz);
drop function private.call_function(text);
drop table private.doorbells;
