-- Realtime: who may join which channel, and the message that tells a workspace what happened.
--
-- Topics are "workspace:<id>" (status of posts, activity), "account:<id>" (analytics) and
-- "post:<id>" (people working on one post). All are private. Only policies may be made on
-- realtime.messages; its schema belongs to the platform.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Topics come from clients, so they are compared as text: a cast would raise on a malformed one.
-- The pattern before the cast of a post's id keeps it from ever being tried on anything else.
-- Invoker: what a caller cannot read, they cannot hear of.
create function private.can_join_topic(p_topic text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  if p_topic like 'workspace:%' then
    return exists (
      select from private.workspace_ids() as id where p_topic = 'workspace:' || id
    );
  elsif p_topic like 'account:%' then
    return exists (
      select from public.accounts
      where accounts.workspace_id = any (array(select private.workspace_ids()))
        and p_topic = 'account:' || accounts.id
    );
  elsif p_topic ~ '^post:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    return exists (select from public.posts where posts.id = substr(p_topic, 6)::uuid);
  end if;
  return false;
end
$$;

comment on function private.can_join_topic(text) is
  'Whether the caller may listen to a topic: a workspace of theirs, or an account or post they can read.';

-- People talk to each other on the channel of a post; nothing else takes messages from clients.
create function private.can_write_to_topic(p_topic text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  if p_topic !~ '^post:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    return false;
  end if;
  return exists (
    select
    from public.posts
    join public.workspace_members as members on members.workspace_id = posts.workspace_id
    where posts.id = substr(p_topic, 6)::uuid
      and members.user_id = (select auth.uid())
      and members.role in ('owner', 'admin', 'editor')
  );
end
$$;

comment on function private.can_write_to_topic(text) is
  'Whether the caller may send presence and broadcasts to a topic: a post they may edit.';

grant execute on function private.can_join_topic(text) to authenticated;
grant execute on function private.can_write_to_topic(text) to authenticated;

create policy "members can listen to what they can read"
  on realtime.messages for select to authenticated
  using (
    extension in ('broadcast', 'presence')
    and (select private.can_join_topic((select realtime.topic())))
  );

create policy "editors can talk on the channel of a post"
  on realtime.messages for insert to authenticated
  with check (
    extension in ('broadcast', 'presence')
    and (select private.can_write_to_topic((select realtime.topic())))
  );

-- The first events of a list that fit: hosted Realtime takes 256 kB a message.
create function private.broadcast_head(p_events jsonb)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select coalesce(
    jsonb_agg(sized.event order by sized.place)
      filter (where sized.place <= 100 and sized.bytes <= 200000),
    '[]'
  )
  from (
    select
      events.event, events.place,
      sum(octet_length(events.event::text)) over (order by events.place) as bytes
    from jsonb_array_elements(p_events) with ordinality as events (event, place)
  ) as sized;
$$;

comment on function private.broadcast_head(jsonb) is
  'As many events from the start of a list as one message may hold.';

-- p_events: [{"id", "type", "subject_id", "data", "created_at"}]. Truncated tells a listener to read
-- the rest from GET /events. Only what might not fit is measured exactly.
create function private.events_payload(p_events jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_head jsonb := p_events;
begin
  if jsonb_array_length(p_events) > 100 or pg_column_size(p_events) > 150000 then
    v_head := private.broadcast_head(p_events);
  end if;
  return jsonb_build_object(
    'events', v_head, 'truncated', jsonb_array_length(v_head) < jsonb_array_length(p_events)
  );
end
$$;

comment on function private.events_payload(jsonb) is
  '{events, truncated}: what listeners of a workspace are told at once.';

create type private.channel_message as (topic text, event text, payload jsonb);

-- Definer: whoever writes an event need not have rights on realtime.messages. All at once, because
-- realtime.send costs a subtransaction for each message; what a platform does not take so is handed to
-- it, which turns a failure into a warning.
create function private.broadcast_messages(p_messages private.channel_message[])
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  if p_messages = '{}' then
    return;
  end if;
  insert into realtime.messages (id, topic, event, payload, private, extension)
  select
    messages.id, messages.topic, messages.event,
    messages.payload || jsonb_build_object('id', messages.id), true, 'broadcast'
  from (
    select gen_random_uuid() as id, listed.* from unnest(p_messages) as listed
  ) as messages;
exception
  when others then
    perform realtime.send(messages.payload, messages.event, messages.topic, true)
    from unnest(p_messages) as messages;
end
$$;

comment on function private.broadcast_messages(private.channel_message[]) is
  'Broadcasts on private channels after commit, one message each. What the platform does not take is a warning.';

-- One message per workspace and statement, but for deferred events: those gather until the sequencer
-- stamps them.
create function private.tg_events__broadcast()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.broadcast_messages(array(
    select row(
      'workspace:' || events.workspace_id, 'events', private.events_payload(jsonb_agg(
        jsonb_build_object(
          'id', events.id, 'type', events.type, 'subject_id', events.subject_id,
          'data', events.data, 'created_at', events.created_at
        ) order by events.id
      ))
    )::private.channel_message
    from new_events as events
    where not events.is_deferred
    group by events.workspace_id
  ));
  return null;
end
$$;

create trigger events_after_insert_broadcast
  after insert on public.events
  referencing new table as new_events
  for each statement execute function private.tg_events__broadcast();

-- Each event is looked up by its id, whatever the statistics say.
create function private.tg_event_positions__broadcast()
returns trigger
language plpgsql
security definer
set search_path = ''
set enable_seqscan = off
as $$
begin
  perform private.broadcast_messages(array(
    select row(
      'workspace:' || positions.workspace_id, 'events', private.events_payload(jsonb_agg(
        jsonb_build_object(
          'id', events.id, 'type', events.type, 'subject_id', events.subject_id,
          'data', events.data, 'created_at', events.created_at
        ) order by positions.sequence
      ))
    )::private.channel_message
    from new_positions as positions
    cross join lateral (
      select * from public.events where events.id = positions.event_id limit 1
    ) as events
    where events.is_deferred
    group by positions.workspace_id
  ));
  return null;
end
$$;

create trigger event_positions_after_insert_broadcast
  after insert on public.event_positions
  referencing new table as new_positions
  for each statement execute function private.tg_event_positions__broadcast();
