set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.release_collections(uuid, jsonb, timestamptz);
drop function private.block_collection_apps(jsonb, timestamptz);
drop function service.claim_collections(uuid, int, int, interval, timestamptz);
drop function private.collection_batch(uuid, int);
drop function private.take_collection_lanes(uuid, int, interval, timestamptz);
