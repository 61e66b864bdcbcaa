-- Incarnation: a restore or a promotion brings back a past in which sent posts are unsent.
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

create function private.unread_failure()
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_build_object(
    'slug', 'account-not-read', 'who', 'account', 'segment', 0,
    'detail', 'The database was restored, and X could not be read for the account: it may have this already.',
    'remedy', 'Connect the account again when it asks for that: its late policy decides once X was read. Or look at the account on X, and send it with POST /posts/:id/schedule when it is not there.'
  );
$$;

comment on function private.unread_failure() is
  'Why a late post is held as long as nobody knows whether X has it.';

create function private.judge_unread(p_account_id uuid, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_post_ids uuid[];
begin
  with judged as (
    update public.posts
    set
      status = case late_policy when 'miss' then 'missed' else 'held' end,
      held_reason = case when late_policy <> 'miss' then 'stale' end,
      failure = null, updated_at = p_now
    where account_id = p_account_id
      and status = 'held'
      and failure ->> 'slug' = 'account-not-read'
    returning id
  )
  select coalesce(array_agg(id), '{}') into v_post_ids from judged;
  perform private.emit_outcomes(v_post_ids);
end
$$;

comment on function private.judge_unread(uuid, timestamptz) is
  'The late policy of posts that became late before anybody knew that X does not have them.';

create function private.release_account(
  p_account_id uuid, p_now timestamptz default clock_timestamp()
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.lock_lanes(array[p_account_id]);
  delete from private.restored_accounts where account_id = p_account_id;
  perform private.judge_unread(p_account_id, p_now);
  perform private.open_lanes(array[p_account_id], 'restored');
  delete from private.alerts where kind = 'account-not-read' and subject = p_account_id::text;
end
$$;

comment on function private.release_account(uuid, timestamptz) is
  'What is due of this account may be sent: X was read, or an operator answers for it. What is late already follows its policy.';

create function private.resume_publishing(p_now timestamptz default clock_timestamp())
returns void
language sql
set search_path = ''
as $$
  select private.release_account(account_id, p_now)
  from private.restored_accounts
  order by account_id;
  select private.end_hold(p_now);
$$;

comment on function private.resume_publishing(timestamptz) is
  'An operator''s word that this database may publish from here on, for every account.';

-- Reading ----------

create function service.claim_restored_accounts(
  p_limit int default 20, p_now timestamptz default clock_timestamp()
)
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  with due as (
    select restored.account_id
    from private.restored_accounts as restored
    where restored.next_look_at <= p_now
      -- What is being sent becomes a look in a moment, and has to be compared with what X shows, too.
      and not exists (
        select from private.live_attempts as live
        where live.account_id = restored.account_id and live.next_look_at is null
      )
    order by restored.next_look_at
    limit p_limit
    for update of restored skip locked
  ), looked as (
    update private.restored_accounts as restored
    set
      look_id = gen_random_uuid(), looked_at = p_now,
      look_count = restored.look_count + 1, next_look_at = p_now + interval '2 minutes'
    from due
    where restored.account_id = due.account_id
    returning restored.*
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'account_id', looked.account_id, 'workspace_id', looked.workspace_id,
    'look_id', looked.look_id, 'since', looked.since,
    'remote_user_id', accounts.remote_user_id, 'x_app_id', accounts.x_app_id,
    'encrypted_tokens', tokens.encrypted_tokens,
    'tokens_expire_at', tokens.expires_at, 'tokens_version', tokens.version
  )), '[]')
  from looked
  join public.accounts on accounts.id = looked.account_id
  left join private.account_tokens as tokens on tokens.account_id = looked.account_id;
$$;

comment on function service.claim_restored_accounts(int, timestamptz) is
  'Accounts to compare with X after a restore, each leased for two minutes.';

create function service.list_unsent_posts(
  p_account_id uuid, p_after uuid default null, p_limit int default 200,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language sql
volatile
security definer
set search_path = ''
set statement_timeout = '8s'
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'post_id', page.id, 'scheduled_at', page.scheduled_at,
    'is_due', page.scheduled_at <= p_now,
    'segments', (
      select jsonb_agg(jsonb_build_object(
        'position', segments.position, 'text', segments.text, 'status', segments.status,
        'remote_id', segments.remote_id,
        'media', private.segment_media(segments.post_id, segments.position)
      ) order by segments.position)
      from public.post_segments as segments
      where segments.post_id = page.id
    )
  ) order by page.id), '[]')
  from (
    select posts.id, posts.scheduled_at
    from public.posts
    join private.restored_accounts as restored using (account_id)
    where posts.account_id = p_account_id
      -- What was written since is nothing that the lost time can have sent.
      and posts.created_at <= restored.began_at
      and posts.status in ('scheduled', 'held', 'publishing', 'partially_published')
      and posts.id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
      and not exists (select from private.live_attempts as live where live.post_id = posts.id)
    order by posts.id
    limit p_limit
  ) as page;
$$;

comment on function service.list_unsent_posts(uuid, uuid, int, timestamptz) is
  'Posts of a restored account with segments that this past calls unsent, by id, with all their segments.';

-- X has a segment that this past calls unsent: an attempt of the lost time made it.
create function private.adopt_unsent(
  p_post_id uuid, p_position smallint, p_remote_id text, p_sent_at timestamptz, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_number smallint;
begin
  if not exists (
    select from public.post_segments
    where post_id = p_post_id and position = p_position and status = 'pending'
  ) or exists (
    select from private.remote_posts where network = 'x' and remote_id = p_remote_id
  ) or exists (
    select from private.live_attempts where post_id = p_post_id and position = p_position
  ) then
    return;
  end if;

  update public.posts set status = 'scheduled', held_reason = null, updated_at = p_now
  where id = p_post_id and status = 'held';
  update public.posts set status = 'publishing', updated_at = p_now
  where id = p_post_id and status in ('scheduled', 'partially_published');
  perform private.reserve_posts(array[p_post_id], p_now, p_may_refuse => false);
  update public.post_segments set status = 'sending'
  where post_id = p_post_id and position = p_position;

  insert into private.live_attempts (
    post_id, position, number, account_id, workspace_id, go_id, sending_at, deadline_at
  )
  select
    posts.id, p_position,
    1 + (
      select coalesce(max(attempts.number), 0)
      from public.publish_attempts as attempts
      where attempts.post_id = p_post_id and attempts.position = p_position
    ),
    posts.account_id, posts.workspace_id, gen_random_uuid(), p_sent_at, p_now
  from public.posts
  where posts.id = p_post_id
  returning number into v_number;
  perform private.settle_results(array[row(
    p_post_id, p_position, v_number, 'accepted', p_remote_id, null, null, p_sent_at, null, null
  )::private.attempt_result], p_now);
end
$$;

comment on function private.adopt_unsent(uuid, smallint, text, timestamptz, timestamptz) is
  'Adopts a post found on X for a segment of which no attempt is known any more.';

-- What X would not refuse a second time, and what could be either there or not, waits for a person.
-- Other texts follow their late policy, as after any delay.
create function private.hold_leftovers(p_account_id uuid, p_disputed uuid[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_post_ids uuid[];
begin
  with unsent as (
    select jobs.post_id, jobs.position, jobs.workspace_id, jobs.run_at <= p_now as is_due
    from private.publish_jobs as jobs
    join public.posts on posts.id = jobs.post_id
    join private.restored_accounts as restored on restored.account_id = jobs.account_id
    where jobs.account_id = p_account_id
      and posts.created_at <= restored.began_at
    union all
    select posts.id, 0::smallint, posts.workspace_id, true
    from public.posts
    join private.restored_accounts as restored using (account_id)
    where account_id = p_account_id
      and posts.created_at <= restored.began_at
      and status = 'held'
      and failure ->> 'slug' = 'account-not-read'
  ), risky as (
    select unsent.post_id, unsent.position
    from unsent
    join public.workspaces on workspaces.id = unsent.workspace_id
    join public.post_segments as segments using (post_id, position)
    where unsent.post_id = any (p_disputed)
      or unsent.is_due and (
        unsent.position > 0 or segments.media_ids <> '{}' or not workspaces.resend_when_absent
      )
  ), dropped as (
    delete from private.publish_jobs as jobs
    using risky
    where jobs.post_id = risky.post_id
  ), changed as (
    update public.posts
    set
      status = case when risky.position = 0 then 'held' else 'partially_published' end,
      held_reason = case when risky.position = 0 then 'restored' end,
      failure = jsonb_build_object(
        'slug', 'restored', 'who', 'author', 'segment', risky.position,
        'detail', 'The database was restored, and X may have this already.',
        'remedy', 'Look at the account on X; send it with POST /posts/:id/schedule or /resume when it is not there.'
      ),
      updated_at = p_now
    from risky
    where posts.id = risky.post_id
      and posts.status in ('scheduled', 'held', 'publishing', 'partially_published')
    returning posts.id
  )
  select coalesce(array_agg(id), '{}') into v_post_ids from changed;
  -- X refused none of their segments, so nothing else tells their holds that the rest stays unsent.
  perform private.give_back_holds(v_post_ids, p_end => true);
  perform private.emit_outcomes(v_post_ids);
end
$$;

comment on function private.hold_leftovers(uuid, uuid[], timestamptz) is
  'Due posts that X does not show, and that it would take twice: a person decides.';

-- The refresh token of this past may be spent, and using a spent one loses the connection.
create function private.ask_owner_after_restore(p_account_id uuid, p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  update private.restored_accounts
  set is_waited_for = false, next_look_at = 'infinity', look_id = null
  where account_id = p_account_id;

  with changed as (
    update public.accounts
    set
      status = 'needs_reauth',
      status_detail = 'The database was restored; the tokens it holds may have been replaced since.',
      version = accounts.version + 1
    where id = p_account_id and status in ('active', 'paused')
    returning *
  )
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  select
    changed.workspace_id, 'account.needs_reauth', 'account', changed.id,
    jsonb_build_object(
      'account_id', changed.id, 'twitter_username', changed.twitter_username,
      'detail', changed.status_detail
    )
  from changed;
$$;

comment on function private.ask_owner_after_restore(uuid, timestamptz) is
  'Nobody waits for this account any more; connecting it again has its timeline read.';

-- p_finds: [{post_id, position, remote_id, sent_at}], parents before replies. p_disputed: posts that
-- could be on X. p_outcome: complete (the timeline was read to the end) | incomplete | rejected (401)
-- | unreadable (no token that may be used).
create function service.settle_restored_account(
  p_account_id uuid, p_look_id uuid, p_outcome text, p_finds jsonb default '[]',
  p_disputed uuid[] default '{}', p_read_ids text[] default '{}',
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '8s'
as $$
declare
  v_row private.restored_accounts;
begin
  -- Before its lane, as everybody does who changes an account.
  perform from public.accounts where id = p_account_id for no key update;
  perform private.lock_lanes(array[p_account_id]);
  perform private.adopt_unsent(finds.post_id, finds.position, finds.remote_id, finds.sent_at, p_now)
  from (
    select *
    from jsonb_to_recordset(p_finds) as found (
      post_id uuid, position smallint, remote_id text, sent_at timestamptz
    )
    order by post_id, position
  ) as finds;
  perform private.log_account_reads(p_account_id, p_read_ids, p_now);

  select * into v_row from private.restored_accounts
  where account_id = p_account_id and look_id = p_look_id
  for update;
  if not found then
    return jsonb_build_object('now', p_now);
  elsif p_outcome = 'complete' and v_row.looked_at >= v_row.began_at + private.quiet_time() then
    perform private.hold_leftovers(p_account_id, p_disputed, p_now);
    perform private.release_account(p_account_id, p_now);
  elsif p_outcome = 'unreadable'
    or p_outcome = 'rejected' and v_row.looked_at >= v_row.began_at + private.quiet_time() then
    perform private.ask_owner_after_restore(p_account_id, p_now);
  else
    update private.restored_accounts
    set
      look_id = null,
      next_look_at = case p_outcome
        when 'complete' then v_row.began_at + private.quiet_time()
        else p_now + least(private.next_look_after(v_row.look_count), interval '5 minutes')
      end
    where account_id = p_account_id;
  end if;
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.settle_restored_account(uuid, uuid, text, jsonb, uuid[], text[], timestamptz) is
  'What X had of a restored account: adopts it, and opens the lane when nothing can come any more.';

create function private.tg_accounts__wake_restored()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  update private.restored_accounts set next_look_at = clock_timestamp() where account_id = new.id;
  return new;
end
$$;

create trigger accounts_after_update_wake_restored
  after update of status on public.accounts
  for each row when (
    new.status in ('active', 'paused') and old.status in ('needs_reauth', 'disconnected')
  )
  execute function private.tg_accounts__wake_restored();
