set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.find_same_texts(uuid, jsonb, uuid, timestamptz);
drop function private.prune_text_fingerprints(timestamptz);
drop function private.same_text_window();
drop function private.note_texts(public.posts);
drop function private.text_fingerprint(text);
drop table private.text_fingerprints;
