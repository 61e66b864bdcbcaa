-- What the database does by itself every few seconds. Two jobs of cron, the heartbeats, stay connected and do
-- it: a connection of its own for each time would compile and plan everything anew, which costs far more than
-- finding that nothing is due.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.chores (
  name text primary key,
  -- Publishing has a heartbeat of its own, so that nothing else can make it wait.
  heartbeat text not null,
  -- A function without arguments.
  work text not null,
  every interval not null,
  is_on boolean not null default true,
  due_at timestamptz not null default now(),
  -- When it last ended well.
  done_at timestamptz,
  -- Why the last time failed; null when it did not.
  error text,
  created_at timestamptz not null default now(),
  constraint chores_heartbeat_known check (heartbeat in ('publishing', 'others')),
  constraint chores_every_positive check (every > interval '0')
) with (fillfactor = 50);

comment on table private.chores is
  'What the heartbeats do every few seconds. Set is_on to false to stop one.';

alter table private.chores enable row level security;

insert into private.chores (name, heartbeat, work, every)
values
  ('publish', 'publishing', 'private.tick', '2 seconds'),
  ('limits', 'publishing', 'private.limits_tick', '2 seconds'),
  ('deliver', 'others', 'private.deliver_tick', '2 seconds'),
  ('analytics', 'others', 'private.analytics_tick', '5 seconds'),
  ('inbound', 'others', 'private.inbound_tick', '5 seconds'),
  ('emails', 'others', 'private.email_tick', '10 seconds'),
  ('usage', 'others', 'private.fold_usage', '10 seconds'),
  ('costs', 'others', 'private.fold_costs', '10 seconds');

-- A clock set back leaves times ahead that no chore could have: it is due then, too.
create function private.is_chore_due(p_chore private.chores, p_now timestamptz)
returns boolean
language sql
stable
set search_path = ''
as $$
  select p_chore.is_on and (p_chore.due_at <= p_now or p_chore.due_at > p_now + p_chore.every);
$$;

comment on function private.is_chore_due(private.chores, timestamptz) is 'Whether a chore is to be done.';

create function private.due_chores(
  p_heartbeat text, p_now timestamptz default clock_timestamp()
)
returns text[]
language sql
stable
set search_path = ''
as $$
  select coalesce(array_agg(chores.name order by chores.due_at, chores.name), '{}')
  from private.chores as chores
  where chores.heartbeat = p_heartbeat
    and private.is_chore_due(chores, p_now);
$$;

comment on function private.due_chores(text, timestamptz) is
  'Names of what a heartbeat has to do now, what waits longest first.';

-- A heartbeat that was replaced may still be at work: who finds a chore being done leaves it. A chore that a
-- statement timeout ends has failed, too, or it would be first in the next round and keep the others waiting.
create function private.do_chore(p_name text, p_now timestamptz default clock_timestamp())
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_chore private.chores;
  v_error text;
begin
  select * into v_chore
  from private.chores as chores
  where chores.name = p_name and private.is_chore_due(chores, p_now)
  for update skip locked;
  if not found then
    return;
  end if;
  begin
    execute format('select %s()', v_chore.work);
  exception
    when query_canceled or others then
      v_error := sqlerrm;
  end;
  perform private.note_chore(v_chore, v_error, p_now);
end
$$;

comment on function private.do_chore(text, timestamptz) is
  'Does a chore if it is due. What it raises is kept in its row and alerted, and stops no other.';

create function private.note_chore(p_chore private.chores, p_error text, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.chores
  set
    error = p_error,
    done_at = case when p_error is null then p_now else done_at end,
    -- It keeps its rhythm, and what was missed is not made up for.
    due_at = case
      when p_chore.due_at between p_now - p_chore.every and p_now then p_chore.due_at + p_chore.every
      else p_now + p_chore.every
    end
  where name = p_chore.name;
  if p_error is not null then
    perform private.raise_alert(
      'chore-failed', p_chore.name, p_error,
      'Read the detail; select * from private.chores; shows since when. It is tried again every few seconds.', p_now
    );
  elsif p_chore.error is not null then
    perform private.clear_alert('chore-failed', p_chore.name);
  end if;
end
$$;

comment on function private.note_chore(private.chores, text, timestamptz) is
  'Notes how a chore ended and when it is due again.';
