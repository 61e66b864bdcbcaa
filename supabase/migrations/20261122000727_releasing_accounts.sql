-- Releasing accounts: what is due may be sent again after a restore, because X was read or an operator
-- answers for it.
--
-- What became late meanwhile was held, since X may have it, and follows its late policy now.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
