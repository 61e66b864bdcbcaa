set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.forget_deliveries(timestamptz);
drop function private.forget_events(timestamptz);
drop function private.forget_months(text[], timestamptz);
drop function private.forget_month(text[], timestamptz, timestamptz);
drop function private.note_horizons(timestamptz, timestamptz);
drop function private.lock_month(text[], timestamptz);
drop function private.why_month_is_kept(text, timestamptz);
drop function private.why_deliveries_are_kept(timestamptz);
drop function private.why_events_are_kept(timestamptz);
drop function private.leaf_months(text);
