-- Unsent posts: what X has of them after a restore is adopted.
--
-- What it does not show is sent after all or follows its late policy, unless X might take it a second
-- time: that waits for a person.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
