-- Incarnation: a restore or a promotion brings back a past in which sent posts are unsent.
-- (How accounts are read and released again is the next files.)
--
-- Nobody sends and no token is refreshed until X was read. The hold of everybody ends when each
-- account with something unsent was read to the end, twice, the second time after the last moment a
-- worker of the lost time could have sent; or could not be read, and then its own lane stays closed.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.restored_accounts (
  account_id uuid primary key references public.accounts (id) on delete cascade,
  workspace_id uuid not null,
  -- What X shows from then on may be ours without our knowing.
  since timestamptz not null,
  began_at timestamptz not null,
  -- Whether everybody waits for it.
  is_waited_for boolean not null default true,
  next_look_at timestamptz not null,
  look_count int not null default 0,
  look_id uuid,
  looked_at timestamptz
);

comment on table private.restored_accounts is
  'Accounts whose lane is closed until their timeline was compared with what a restored past calls unsent.';

-- Serves: claim_restored_accounts and the tick.
create index restored_accounts_next_look_at_idx on private.restored_accounts (next_look_at);

alter table private.restored_accounts enable row level security;

create function private.hold_accounts(p_since timestamptz, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_account_ids uuid[];
begin
  with held as (
    insert into private.restored_accounts as restored (
      account_id, workspace_id, since, began_at, next_look_at
    )
    select accounts.id, accounts.workspace_id, p_since, p_now, p_now
    from public.accounts
    where exists (select from private.publish_jobs as jobs where jobs.account_id = accounts.id)
      or exists (select from private.live_attempts as live where live.account_id = accounts.id)
      or exists (
        select from public.posts
        where posts.account_id = accounts.id
          and posts.status in ('held', 'publishing', 'partially_published')
      )
    on conflict (account_id) do update
    set
      since = least(restored.since, excluded.since), began_at = excluded.began_at,
      is_waited_for = true, next_look_at = excluded.next_look_at, look_id = null
    returning restored.account_id
  )
  select coalesce(array_agg(account_id), '{}') into v_account_ids from held;
  perform private.close_lanes(v_account_ids, 'restored');
end
$$;

comment on function private.hold_accounts(timestamptz, timestamptz) is
  'Closes the lanes of accounts with something unsent until they were read from p_since on.';

-- p_since: the last moment that this past and the lost one have in common.
create function private.hold_publishing(
  p_since timestamptz, p_now timestamptz default clock_timestamp()
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.incarnation set held_since = p_now;
  perform private.hold_accounts(p_since, p_now);
  perform private.fork_events(p_now);
end
$$;

comment on function private.hold_publishing(timestamptz, timestamptz) is
  'Holds publishing and reads what X has had since p_since. For a restore that nothing else gives away.';

create function private.end_hold(p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  update private.incarnation
  set
    system_identifier = control.system_identifier,
    timeline = private.current_timeline(),
    held_since = null,
    seen_at = p_now
  from pg_catalog.pg_control_system() as control;
  select private.clear_alert('publishing-held');
  select private.clear_alert('hold-failed');
$$;

comment on function private.end_hold(timestamptz) is
  'This database publishes from here on. Lanes of accounts still to be read stay closed.';

-- X is down, or says 401 to what should work: the others need not wait for that.
create function private.stop_waiting(p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  with tired as (
    update private.restored_accounts
    set is_waited_for = false
    where is_waited_for
      and began_at < p_now - private.quiet_time() - interval '10 minutes'
    returning account_id
  )
  select private.raise_alert(
    'account-not-read', tired.account_id::text,
    'After a restore X could not be read for this account: its posts wait.',
    'It is tried every few minutes. Connect the account again, or run select private.release_account(id) when X has none of what is due.',
    p_now
  )
  from tired;
$$;

comment on function private.stop_waiting(timestamptz) is
  'Gives up holding everybody for accounts that could not be read; their own lanes stay closed.';

create function private.watch_incarnation(p_now timestamptz default clock_timestamp())
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_seen_at timestamptz;
  v_left int;
begin
  if not private.is_publishing_held() then
    update private.incarnation set seen_at = p_now where seen_at < p_now - interval '1 minute';
    return false;
  end if;
  select seen_at into v_seen_at from private.incarnation where held_since is null;
  if found then
    -- seen_at is a minute old at most, a standby may lag, and a backup ends after it began.
    perform private.hold_publishing(v_seen_at - interval '10 minutes', p_now);
  end if;

  perform private.stop_waiting(p_now);
  select count(*) into v_left from private.restored_accounts where is_waited_for;
  if v_left = 0 then
    perform private.end_hold(p_now);
    return false;
  end if;
  perform private.raise_alert(
    'publishing-held', '',
    format('This database is a restored or promoted one: nothing is sent. Accounts still to be read: %s.', v_left),
    'Nothing to do: it ends by itself. Or make sure what X already has and run select private.resume_publishing();',
    p_now
  );
  return true;
exception
  when others then
    perform private.raise_alert('hold-failed', '', sqlerrm,
      'Publishing stays held. Report this as a fault of ours.', p_now);
    return true;
end
$$;

comment on function private.watch_incarnation(timestamptz) is
  'True while publishing is held because the database is not the one that last published. Never raises.';
