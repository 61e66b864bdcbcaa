set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.reserve_posts(uuid[], timestamptz, boolean);
drop function private.wanted_holds(uuid[], timestamptz);
drop function private.give_back_holds(uuid[], boolean);
drop function private.settle_holds(uuid[], boolean);
drop function private.sending_of(uuid[]);
