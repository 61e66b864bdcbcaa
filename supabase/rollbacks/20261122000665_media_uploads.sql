set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.segment_media(uuid, smallint);
drop function private.remote_media(uuid[], uuid);
drop function private.fail_media_posts(uuid, uuid, jsonb, timestamptz);
drop function private.follow_media(uuid, uuid, timestamptz);
drop function private.take_up_media(uuid[], timestamptz);
drop function private.prepare_media(uuid[], timestamptz);
drop function private.refresh_media_ready(uuid[], timestamptz);
drop function private.are_media_on_time(uuid, uuid, timestamptz, timestamptz);
drop function private.are_media_ready(uuid, uuid, timestamptz, timestamptz);
drop function private.upload_lead(text);
drop table private.media_uploads;
delete from private.doorbells where slug = 'media';
