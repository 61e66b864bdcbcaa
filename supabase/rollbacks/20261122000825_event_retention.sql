set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.forget_events(timestamptz);
drop function private.drop_events_of(timestamptz, timestamptz);
drop function private.why_events_are_kept(timestamptz);
