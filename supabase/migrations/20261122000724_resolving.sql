-- Resolving: a person settles what the reconciler could not.
--
-- An id is taken only after it was asked of the network whose post it is: any other id would keep
-- the workspace it belongs to from ever adopting it.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.checked_remote_ids (
  post_id uuid primary key,
  remote_id text not null,
  -- When the network has it from; null where it could not be asked.
  sent_at timestamptz,
  checked_at timestamptz not null
);

comment on table private.checked_remote_ids is
  'Ids that people gave for unconfirmed posts, and that are those accounts'' posts. Good for ten minutes.';

-- Serves: forgetting them.
create index checked_remote_ids_checked_at_idx on private.checked_remote_ids (checked_at);

alter table private.checked_remote_ids enable row level security;

create function private.start_resolving(p_post_id uuid, p_version int)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_post public.posts := private.lock_post(p_post_id, 'editor', p_version);
begin
  if v_post.status <> 'unconfirmed' then
    perform private.refuse(409, 'nothing-to-resolve',
      format('The post is %s, not unconfirmed.', v_post.status), 'Read the post again.');
  end if;
  return (
    select jsonb_build_object(
      'account_id', accounts.id, 'workspace_id', accounts.workspace_id,
      'status', accounts.status, 'twitter_username', accounts.twitter_username,
      'remote_user_id', accounts.remote_user_id,
      'sending_at', (
        select least(min(live.sending_at), (
          select min(given.sending_at)
          from private.given_up_attempts as given
          where given.post_id = p_post_id
        ))
        from private.live_attempts as live
        where live.post_id = p_post_id
      )
    )
    from public.accounts
    where accounts.id = v_post.account_id
  );
end
$$;

create function public.start_resolving(p_post_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.start_resolving(p_post_id, p_version);
$$;

comment on function public.start_resolving(uuid, int) is
  'Whose post it would have to be: account, its id on the network, when it was sent. Role editor.';

create function service.get_token_holder(p_account_id uuid)
returns jsonb
language sql
volatile
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  select jsonb_build_object(
    'account_id', accounts.id, 'workspace_id', accounts.workspace_id,
    'encrypted_tokens', tokens.encrypted_tokens,
    'tokens_expire_at', tokens.expires_at, 'tokens_version', tokens.version
  )
  from public.accounts
  join private.account_tokens as tokens on tokens.account_id = accounts.id
  where accounts.id = p_account_id;
$$;

comment on function service.get_token_holder(uuid) is
  'What is needed to act for an account whose member was checked already; null without tokens.';

-- p_is_read: X was asked, and answered with the post.
create function service.check_remote_id(
  p_post_id uuid, p_remote_id text, p_sent_at timestamptz, p_is_read boolean default false,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
begin
  delete from private.checked_remote_ids where checked_at < p_now - interval '10 minutes';
  insert into private.checked_remote_ids as checked (post_id, remote_id, sent_at, checked_at)
  values (p_post_id, p_remote_id, p_sent_at, p_now)
  on conflict (post_id) do update
  set
    remote_id = excluded.remote_id, sent_at = excluded.sent_at, checked_at = excluded.checked_at;
  if p_is_read then
    perform private.log_account_reads(account_id, array[p_remote_id], p_now)
    from public.posts
    where id = p_post_id;
  end if;
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.check_remote_id(uuid, text, timestamptz, boolean, timestamptz) is
  'Remembers that an id is a post of the account, and when the network has it from.';

create function private.require_checked_id(
  p_post_id uuid, p_remote_id text, p_now timestamptz
)
returns timestamptz
language plpgsql
set search_path = ''
as $$
declare
  v_checked private.checked_remote_ids;
begin
  if exists (select from private.remote_posts where network = 'x' and remote_id = p_remote_id) then
    perform private.refuse(409, 'remote-id-taken', 'This id belongs to another post.',
      'Check the id on X.');
  end if;
  delete from private.checked_remote_ids
  where post_id = p_post_id and remote_id = p_remote_id
  returning * into v_checked;
  if v_checked.checked_at >= p_now - interval '10 minutes' then
    return v_checked.sent_at;
  end if;
  perform private.refuse(409, 'remote-id-unchecked', 'Nobody has asked X whose post this is.',
    'Use POST /posts/:id/resolve, which asks.');
end
$$;

comment on function private.require_checked_id(uuid, text, timestamptz) is
  'When X has a post from whose id was checked; 409 when it belongs to another one or was not checked.';

create function private.quiet_at(p_post_id uuid)
returns timestamptz
language sql
stable
set search_path = ''
as $$
  select max(sending_at) + private.quiet_time() from private.live_attempts where post_id = p_post_id;
$$;

comment on function private.quiet_at(uuid) is
  'Until when a frozen worker might still wake and send something of the post; null: nothing of it is open.';

-- Absent now is no promise while a frozen worker might still send it.
create function private.require_quiet(p_post_id uuid, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_quiet_at timestamptz := private.quiet_at(p_post_id);
begin
  if v_quiet_at > p_now then
    perform private.refuse(409, 'post-in-flight',
      format('The post may still be sent until %s.',
        to_char(v_quiet_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
      'Look at X and settle it after that; an id found there can be given at once.');
  end if;
end
$$;

comment on function private.require_quiet(uuid, timestamptz) is
  'Refuses with 409 as long as a worker might still wake and send the post.';

create function private.resolve_post(
  p_post_id uuid, p_remote_id text, p_version int, p_now timestamptz
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_post public.posts := private.lock_post(p_post_id, 'editor', p_version);
  v_sent_at timestamptz;
  v_results private.attempt_result[];
begin
  if v_post.status <> 'unconfirmed' then
    perform private.refuse(409, 'nothing-to-resolve',
      format('The post is %s, not unconfirmed.', v_post.status), 'Read the post again.');
  elsif p_remote_id is null then
    perform private.require_quiet(p_post_id, p_now);
  else
    v_sent_at := private.require_checked_id(p_post_id, p_remote_id, p_now);
  end if;

  v_results := array(
    select row(
      live.post_id, live.position, live.number,
      case when p_remote_id is null then 'refused' else 'accepted' end,
      p_remote_id, null,
      jsonb_build_object(
        'slug', 'resolved-as-absent', 'who', 'author',
        'detail', 'Somebody looked at X and did not find the post.',
        'remedy', 'Schedule it again if it is still wanted.'
      ),
      v_sent_at, null, null
    )::private.attempt_result
    from private.live_attempts as live
    where live.post_id = p_post_id
  );
  perform private.settle_results(v_results, p_now);
  if p_remote_id is null then
    perform private.watch_given_up(v_results, p_now);
  end if;
  select * into v_post from public.posts where id = p_post_id;
  return private.post_document(v_post);
end
$$;

create function public.resolve_post(
  p_post_id uuid, p_remote_id text default null, p_version int default null
)
returns jsonb
language sql
set search_path = ''
as $$
  select private.resolve_post(p_post_id, p_remote_id, p_version, clock_timestamp());
$$;

comment on function public.resolve_post(uuid, text, int) is
  'Settles an unconfirmed post: p_remote_id is its (checked) id on X, or null when it is not there. Role editor.';

grant execute on function private.start_resolving(uuid, int) to authenticated;
grant execute on function public.start_resolving(uuid, int) to authenticated;
grant execute on function private.resolve_post(uuid, text, int, timestamptz) to authenticated;
grant execute on function public.resolve_post(uuid, text, int) to authenticated;
