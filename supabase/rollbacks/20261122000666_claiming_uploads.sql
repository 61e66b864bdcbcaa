set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.postpone_uploads(timestamptz);
drop function service.claim_media_uploads(int, bigint, bigint, interval, timestamptz);
drop function private.take_uploads(int, bigint, bigint, interval, timestamptz);
drop function private.postpone_upload(uuid, uuid, timestamptz);
drop function private.fair_uploads(int, timestamptz);
drop function private.running_uploads(timestamptz);
drop function private.due_uploads(int, timestamptz);
drop function private.upload_due_at(uuid, uuid);
drop function private.upload_needed_at(uuid, uuid);
