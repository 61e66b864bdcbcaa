set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.ring_at_commit(text);
drop table private.due_rings;
drop function private.tg_due_rings__ring();
drop function private.answer_bell(text, boolean, timestamptz);
drop function private.ring(text, int, timestamptz, interval, boolean);
drop function private.may_ring(private.doorbells, timestamptz, interval, boolean);
drop function private.call_function(text);
drop table private.doorbells;
