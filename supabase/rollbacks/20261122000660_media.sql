set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop trigger media_after_update_remove_object on public.media;
drop trigger media_after_delete_remove_object on public.media;
drop function private.tg_media__remove_object();
drop function private.upload_ends_at(public.media);
drop function private.media_key(public.media);
drop table private.object_removals;
drop table public.media;
