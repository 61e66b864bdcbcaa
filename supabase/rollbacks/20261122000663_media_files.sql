set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function service.settle_object_removals(text[], timestamptz);
drop function service.claim_object_removals(int, timestamptz);
drop function service.give_up_media(uuid, timestamptz);
drop function service.claim_media_looks(int, timestamptz);
drop function service.record_media(uuid, jsonb, timestamptz);
