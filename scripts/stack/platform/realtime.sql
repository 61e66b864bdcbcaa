-- Schema realtime: broadcast from the database, and the table whose policies authorise channels.
-- Since the schema was locked, `postgres` may do one thing to realtime.messages: manage policies.

create schema if not exists realtime;

create table if not exists realtime.messages (
  topic text not null,
  extension text not null,
  payload jsonb,
  event text,
  private boolean default false,
  updated_at timestamp not null default now(),
  inserted_at timestamp not null default now(),
  id uuid not null default gen_random_uuid(),
  binary_payload bytea,
  primary key (id, inserted_at)
) partition by range (inserted_at);

alter table realtime.messages enable row level security;

-- The topic of the channel being joined or written to; set by the Realtime server and by send().
create or replace function realtime.topic()
returns text
language sql
stable
as $$
  select nullif(current_setting('realtime.topic', true), '');
$$;

-- Broadcasts after commit. Any failure is a warning: a notification never breaks the transaction.
create or replace function realtime.send(
  payload jsonb, event text, topic text, private boolean default true
)
returns void
language plpgsql
as $$
declare
  v_id uuid := gen_random_uuid();
begin
  perform set_config('realtime.topic', topic, true);
  insert into realtime.messages (id, payload, event, topic, private, extension)
  values (
    v_id,
    case when payload ? 'id' then payload else payload || jsonb_build_object('id', v_id) end,
    event, topic, private, 'broadcast'
  );
exception
  when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end
$$;

create or replace function realtime.send_binary(
  payload bytea, event text, topic text, private boolean default true
)
returns void
language plpgsql
as $$
begin
  perform set_config('realtime.topic', topic, true);
  insert into realtime.messages (binary_payload, event, topic, private, extension)
  values (payload, event, topic, private, 'broadcast');
exception
  when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end
$$;

create or replace function realtime.broadcast_changes(
  topic_name text, event_name text, operation text, table_name text, table_schema text,
  new record, old record, level text default 'ROW'
)
returns void
language plpgsql
as $$
begin
  if level = 'STATEMENT' then
    raise exception 'function can only be triggered for each row, not for each statement';
  end if;
  if operation not in ('INSERT', 'UPDATE', 'DELETE') then
    raise exception 'Unexpected operation type: %', operation;
  end if;
  perform realtime.send(
    jsonb_build_object(
      'old_record', case when operation <> 'INSERT' then to_jsonb(old) end,
      'record', case when operation <> 'DELETE' then to_jsonb(new) end,
      'operation', operation,
      'table', table_name,
      'schema', table_schema
    ),
    event_name, topic_name
  );
end
$$;

-- Tells the Realtime stand-in which messages were committed; hosted reads the same from a slot. A
-- notification carries 8,000 bytes, so a hundred addresses.
create or replace function platform.tg_messages__announce()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform pg_notify('realtime_messages', notifications.addresses)
  from (
    select string_agg(numbered.address, e'\n' order by numbered.place) as addresses
    from (
      select added.id || ' ' || added.inserted_at as address, row_number() over () as place
      from added
    ) as numbered
    group by (numbered.place - 1) / 100
    order by min(numbered.place)
  ) as notifications;
  return null;
end
$$;

create or replace trigger messages_after_announce
after insert on realtime.messages
referencing new table as added
for each statement execute function platform.tg_messages__announce();

-- The Realtime server makes the days it needs, and drops those past its 72 hours of history.
create or replace function platform.maintain_realtime_messages(
  p_now timestamptz default clock_timestamp()
)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_today date := (p_now at time zone 'UTC')::date;
  v_day date;
  v_leaf name;
begin
  perform pg_advisory_xact_lock(hashtext('platform.maintain_realtime_messages'));

  foreach v_day in array array[v_today - 1, v_today, v_today + 1, v_today + 2] loop
    v_leaf := 'messages_' || to_char(v_day, 'YYYY_MM_DD');
    if to_regclass('realtime.' || v_leaf) is null then
      execute format(
        'create table realtime.%I partition of realtime.messages for values from (%L) to (%L)',
        v_leaf, v_day, v_day + 1
      );
      execute format('alter table realtime.%I enable row level security', v_leaf);
    end if;
  end loop;

  for v_leaf in
    select c.relname
    from pg_catalog.pg_inherits as i
    join pg_catalog.pg_class as c on c.oid = i.inhrelid
    where i.inhparent = 'realtime.messages'::regclass
      and c.relname < 'messages_' || to_char(v_today - 3, 'YYYY_MM_DD')
  loop
    execute format('drop table realtime.%I', v_leaf);
  end loop;
end
$$;

alter table realtime.messages owner to supabase_realtime_admin;
grant usage on schema realtime to postgres, anon, authenticated, service_role;
grant usage on schema realtime to supabase_realtime_admin;
grant select, insert, update on realtime.messages to postgres, anon, authenticated, service_role;

-- `postgres` belongs to the owner of realtime.messages so that it can manage policies; this takes
-- away whatever else ownership would allow.
create or replace function platform.guard_realtime()
returns event_trigger
language plpgsql
set search_path = ''
as $$
declare
  v_command record;
begin
  if (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    return;
  end if;
  for v_command in
    select command_tag, schema_name, object_identity from pg_event_trigger_ddl_commands()
  loop
    if v_command.schema_name = 'realtime' and v_command.command_tag not like '% POLICY' then
      raise exception 'must be owner of %', v_command.object_identity using errcode = '42501';
    end if;
  end loop;
end
$$;

create or replace function platform.guard_realtime_drop()
returns event_trigger
language plpgsql
set search_path = ''
as $$
declare
  v_object record;
begin
  if (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    return;
  end if;
  for v_object in
    select object_type, schema_name, object_identity
    from pg_event_trigger_dropped_objects()
    where original
  loop
    if v_object.schema_name = 'realtime' and v_object.object_type <> 'policy' then
      raise exception 'must be owner of %', v_object.object_identity using errcode = '42501';
    end if;
  end loop;
end
$$;

drop event trigger if exists platform_guard_realtime;
create event trigger platform_guard_realtime
on ddl_command_end execute function platform.guard_realtime();

drop event trigger if exists platform_guard_realtime_drop;
create event trigger platform_guard_realtime_drop
on sql_drop execute function platform.guard_realtime_drop();
