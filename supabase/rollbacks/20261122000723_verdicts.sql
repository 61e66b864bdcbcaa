set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function service.settle_looks(jsonb, text[], timestamptz);
drop function private.apply_verdicts(jsonb, timestamptz);
drop function private.count_looks(jsonb, timestamptz);
drop function private.settle_watches(jsonb, timestamptz);
drop function private.settle_finds(jsonb, timestamptz);
drop function private.leave_unread(uuid[], timestamptz);
drop function private.give_up_ambiguous(jsonb, timestamptz);
drop function private.give_up_absent(uuid[], timestamptz);
drop function private.refuse_plain_duplicates(uuid[], timestamptz);
drop function private.watch_given_up(private.attempt_result[], timestamptz);
drop function private.leave_to_person(uuid[], smallint[], text[], jsonb, timestamptz);
drop function private.not_found_failure(text, smallint, text[]);
drop function private.disputed_finds(jsonb);
drop function private.plain_text(text);
