-- Restored accounts: whose timeline is to be read after a restore, and what this past calls unsent.
--
-- What comes of comparing the two is the next file.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
