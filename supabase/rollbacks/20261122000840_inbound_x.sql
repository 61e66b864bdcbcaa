set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.inbound_tick(timestamptz);
drop function service.ring_inbound();
drop function service.take_revocation(uuid, uuid, text, timestamptz, timestamptz);
drop function service.take_mention(uuid, uuid, text, jsonb, timestamptz);
drop function service.take_deletion(uuid, uuid, text, text, timestamptz);
drop function private.note_removed(uuid, smallint, text, timestamptz);
drop function service.pass_by_posts(jsonb, timestamptz);
drop function private.may_become_ours(text);
drop function private.inbound_account(text);
