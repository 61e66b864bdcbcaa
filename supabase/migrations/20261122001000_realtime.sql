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

-- One message per workspace and statement, with the first events of it that fit: hosted Realtime
-- takes 256 kB. Truncated tells a listener to read the rest from GET /events.
-- Definer: whoever writes an event need not have rights on realtime.messages.
create function private.tg_events__broadcast()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform realtime.send(
    jsonb_build_object('events', batch.events, 'truncated', batch.is_truncated),
    'events',
    'workspace:' || batch.workspace_id,
    true
  )
  from (
    select
      sized.workspace_id,
      coalesce(
        jsonb_agg(sized.event order by sized.id)
          filter (where sized.place <= 100 and sized.bytes <= 200000),
        '[]'
      ) as events,
      bool_or(sized.place > 100 or sized.bytes > 200000) as is_truncated
    from (
      select
        events.workspace_id,
        events.id,
        shown.event,
        row_number() over in_order as place,
        sum(octet_length(shown.event::text)) over in_order as bytes
      from new_events as events
      cross join lateral (
        select jsonb_build_object(
          'id', events.id,
          'type', events.type,
          'subject_id', events.subject_id,
          'data', events.data,
          'created_at', events.created_at
        ) as event
      ) as shown
      window in_order as (partition by events.workspace_id order by events.id)
    ) as sized
    group by sized.workspace_id
  ) as batch;
  return null;
end
$$;

create trigger events_after_insert_broadcast
  after insert on public.events
  referencing new table as new_events
  for each statement execute function private.tg_events__broadcast();
