set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop trigger event_positions_after_insert_broadcast on public.event_positions;
drop function private.tg_event_positions__broadcast();
drop trigger events_after_insert_broadcast on public.events;
drop function private.tg_events__broadcast();
drop function private.broadcast_messages(private.channel_message[]);
drop type private.channel_message;
drop function private.events_payload(jsonb);
drop function private.broadcast_head(jsonb);
drop policy "editors can talk on the channel of a post" on realtime.messages;
drop policy "members can listen to what they can read" on realtime.messages;
drop function private.can_write_to_topic(text);
drop function private.can_join_topic(text);
