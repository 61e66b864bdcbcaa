-- Looks: attempts whose outcome is unknown are looked for in their accounts' own timelines.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- When to look again: often at first, then around the moment a resend becomes possible, then rarely.
create function private.next_look_after(p_look_count int)
returns interval
language sql
immutable
set search_path = ''
as $$
  select least(interval '15 seconds' * 2 ^ least(p_look_count, 10), interval '15 minutes');
$$;

comment on function private.next_look_after(int) is 'Backoff of the reconciler: 15 s doubling to 15 min.';

-- The lease of a look is its next time: a look whose worker dies is simply made again. Accounts that
-- have no usable tokens are asked about once an hour; connecting them again wakes their looks.
create function service.claim_looks(
  p_limit int default 50, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_looks jsonb;
begin
  with due as (
    select live.post_id, live.position, accounts.status in ('active', 'paused') as has_tokens
    from private.live_attempts as live
    join public.accounts on accounts.id = live.account_id
    where live.next_look_at <= p_now
    order by live.next_look_at
    limit p_limit
    for update of live skip locked
  ), looked as (
    update private.live_attempts as live
    set
      look_count = live.look_count + due.has_tokens::int,
      look_id = case when due.has_tokens then gen_random_uuid() end,
      looked_at = p_now,
      next_look_at = p_now
        + case when due.has_tokens then interval '60 seconds' else interval '1 hour' end
    from due
    where live.post_id = due.post_id and live.position = due.position
    returning live.*
  )
  select jsonb_agg(jsonb_build_object(
    'post_id', looked.post_id, 'position', looked.position, 'number', looked.number,
    'look_id', looked.look_id,
    'account_id', looked.account_id, 'workspace_id', looked.workspace_id,
    -- An earlier attempt that was given up as absent may be what X shows now.
    'sending_at', least(looked.sending_at, (
      select min(attempts.sending_at)
      from public.publish_attempts as attempts
      where attempts.post_id = looked.post_id
        and attempts.position = looked.position
        and attempts.status = 'abandoned'
        and attempts.error ->> 'slug' = 'not-on-x'
    )),
    'text', segments.text, 'reply_to', previous.remote_id,
    'remote_user_id', accounts.remote_user_id, 'x_app_id', accounts.x_app_id,
    'encrypted_tokens', tokens.encrypted_tokens,
    'tokens_expire_at', tokens.expires_at, 'tokens_version', tokens.version
  ))
  into v_looks
  from looked
  join public.post_segments as segments
    on segments.post_id = looked.post_id and segments.position = looked.position
  left join public.post_segments as previous
    on previous.post_id = looked.post_id and previous.position = looked.position - 1
  join public.accounts on accounts.id = looked.account_id
  join private.account_tokens as tokens on tokens.account_id = looked.account_id
  where looked.look_id is not null;
  return jsonb_build_object('now', p_now, 'looks', coalesce(v_looks, '[]'));
end
$$;

comment on function service.claim_looks(int, timestamptz) is
  'Unknown attempts to look for on X now, each leased for 60 s.';

create function private.tg_accounts__wake_looks()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  update private.live_attempts
  set next_look_at = clock_timestamp()
  where account_id = new.id and next_look_at < 'infinity';
  return new;
end
$$;

create trigger accounts_after_update_wake_looks
  after update of status on public.accounts
  for each row when (
    new.status = 'active' and old.status in ('needs_reauth', 'disconnected')
  )
  execute function private.tg_accounts__wake_looks();

-- Of what a look found, posts that are ours already belong to other segments.
create function service.list_owned_remote_ids(p_remote_ids text[], p_network text default 'x')
returns jsonb
language sql
stable
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  select coalesce(jsonb_agg(remote_id), '[]')
  from private.remote_posts
  where network = p_network and remote_id = any (p_remote_ids);
$$;

comment on function service.list_owned_remote_ids(text[], text) is
  'Which of these ids belong to segments already: [remote_id].';

-- Sent again only after two looks of "absent" past the quiet time, only where X itself refuses
-- duplicates (a text that is no reply), and only if the workspace allows it. What X refused as a
-- duplicate without showing the first one is refused for good. Else a person decides.
create function private.give_up_absent(p_post_ids uuid[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_post_ids uuid[];
begin
  perform private.settle_results(array(
    select row(
      live.post_id, live.position, live.number,
      case when doubt.is_duplicate then 'refused' else 'retry' end, null, null,
      case when doubt.is_duplicate then attempts.error else jsonb_build_object(
        'slug', 'not-on-x', 'who', 'provider',
        'detail', 'X did not have the post when nothing could send it any more.',
        'remedy', 'Nothing to do: it is sent again.'
      ) end,
      null, p_now, null, null
    )::private.attempt_result
    from private.live_attempts as live
    join public.workspaces on workspaces.id = live.workspace_id
    join public.publish_attempts as attempts using (post_id, position, number)
    cross join lateral (
      select attempts.error ->> 'slug' is not distinct from 'duplicate-content' as is_duplicate
    ) as doubt
    where live.post_id = any (p_post_ids)
      and live.absent_count >= 2
      and (doubt.is_duplicate or live.position = 0 and workspaces.resend_when_absent)
  ), p_now);

  with left_over as (
    update private.live_attempts
    set next_look_at = 'infinity'
    where post_id = any (p_post_ids) and absent_count >= 2
    returning post_id, position
  ), told as (
    update public.posts
    set
      failure = jsonb_build_object(
        'slug', 'not-on-x', 'who', 'author', 'segment', left_over.position,
        'detail', 'X does not show the post, and it is not sent again by itself.',
        'remedy', 'Look at the account on X, then settle it with POST /posts/:id/resolve.'
      ),
      updated_at = p_now
    from left_over
    where posts.id = left_over.post_id
    returning posts.id
  )
  select array_agg(id) into v_post_ids from told;
  perform private.emit_outcomes(v_post_ids);
end
$$;

comment on function private.give_up_absent(uuid[], timestamptz) is
  'Sends again what X provably does not have, or leaves it to a person.';

-- p_verdicts: [{post_id, position, number, look_id, verdict: found | absent | no_evidence, remote_id,
-- sent_at}]. A find is evidence whenever it comes; other verdicts count once, for the look under way.
create function service.settle_looks(
  p_verdicts jsonb, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '8s'
as $$
declare
  v_post_ids uuid[];
begin
  perform private.lock_lanes(array(
    select live.account_id
    from private.live_attempts as live
    join jsonb_to_recordset(p_verdicts) as looks (post_id uuid) using (post_id)
  ));
  perform private.settle_results(array(
    select row(
      found.post_id, found.position, found.number, 'accepted', found.remote_id, null, null,
      found.sent_at, null, null, null
    )::private.attempt_result
    from jsonb_to_recordset(p_verdicts) as found (
      post_id uuid, position smallint, number smallint, verdict text, remote_id text,
      sent_at timestamptz
    )
    where found.verdict = 'found'
  ), p_now);

  with looked as (
    update private.live_attempts as live
    set
      absent_count = live.absent_count + (
        looks.verdict = 'absent' and live.looked_at > live.sending_at + private.quiet_time()
      )::int,
      look_id = null,
      next_look_at = p_now + private.next_look_after(live.look_count)
    from jsonb_to_recordset(p_verdicts) as looks (
      post_id uuid, position smallint, number smallint, look_id uuid, verdict text
    )
    where live.post_id = looks.post_id
      and live.position = looks.position
      and live.number = looks.number
      and live.look_id = looks.look_id
    returning live.post_id
  )
  select array_agg(post_id) into v_post_ids from looked;
  perform private.give_up_absent(v_post_ids, p_now);
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.settle_looks(jsonb, timestamptz) is
  'What the reconciler saw. "absent" counts only past the quiet time of the attempt.';

