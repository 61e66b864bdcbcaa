set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop trigger accounts_after_update_wake_uploads on public.accounts;
drop function private.tg_accounts__wake_uploads();
drop function private.wake_uploads(uuid[]);
drop function public.update_media(uuid, text, int);
drop function private.update_media(uuid, text, int);
drop function service.ring_media();
drop function private.watch_media(timestamptz);
drop function private.missing_uploaders(timestamptz, int, int);
drop function private.forget_media(uuid[], timestamptz);
drop function private.expire_uploads(timestamptz);
drop function service.settle_media_upload(uuid, uuid, uuid, jsonb, timestamptz);
drop function private.leave_upload(private.media_uploads, jsonb, timestamptz);
drop function private.follow_ending(uuid, uuid, jsonb, timestamptz);
drop function private.follow_app(private.media_uploads, jsonb, timestamptz);
drop function service.save_media_upload(uuid, uuid, uuid, jsonb, interval, timestamptz);
drop function private.restart_uploads(uuid, uuid, timestamptz);
