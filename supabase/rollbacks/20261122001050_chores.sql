set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.note_chore(private.chores, text, timestamptz);
drop function private.do_chore(text, timestamptz);
drop function private.due_chores(text, timestamptz);
drop function private.is_chore_due(private.chores, timestamptz);
drop table private.chores;
