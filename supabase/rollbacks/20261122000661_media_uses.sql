set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.shown_media(uuid, jsonb);
drop function private.require_media(uuid);
drop function private.unsent_media(uuid);
drop trigger post_segments_after_delete_free_media on public.post_segments;
drop function private.tg_post_segments__free_media();
drop trigger post_segments_after_insert_use_media on public.post_segments;
drop function private.tg_post_segments__use_media();
drop table private.media_uses;
