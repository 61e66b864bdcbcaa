-- Incarnation: a restore or a promotion brings back a past in which sent posts are unsent.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- A restore or a promotion brings back a past in which sent posts are unsent: hold everything.
create function private.watch_incarnation(p_now timestamptz default clock_timestamp())
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_held boolean := private.is_publishing_held();
begin
  if v_held then
    update private.incarnation set held_since = p_now where held_since is null;
    perform private.raise_alert(
      'publishing-held', '', 'This database is a restored or promoted one: nothing is sent.',
      'Make sure what X already has, then run select private.resume_publishing();', p_now
    );
  else
    update private.incarnation set seen_at = p_now where seen_at < p_now - interval '1 minute';
  end if;
  return v_held;
end
$$;

comment on function private.watch_incarnation(timestamptz) is
  'True while publishing is held because the database is not the one that last published.';

create function private.resume_publishing()
returns void
language sql
set search_path = ''
as $$
  update private.incarnation
  set
    system_identifier = control.system_identifier,
    timeline = checkpoint.timeline_id,
    held_since = null,
    seen_at = now()
  from pg_catalog.pg_control_system() as control,
    pg_catalog.pg_control_checkpoint() as checkpoint;
  select private.clear_alert('publishing-held');
$$;

comment on function private.resume_publishing() is
  'An operator''s word that this database may publish from here on.';

