set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.watch_keys(timestamptz);
drop function service.save_envelopes(text, jsonb, text[], timestamptz);
drop function private.replace_envelopes(jsonb);
drop function service.claim_envelopes(text, text[], int, timestamptz);
drop function service.announce_key(text, timestamptz);
drop function private.count_envelopes();
drop function private.key_of(text);
drop function private.envelopes();
drop table private.key_rotation;
