-- Looks: attempts whose outcome is open are looked for in their accounts' own timelines.
--
-- What was given up as absent is watched for another day, in case X shows it after all. What a look
-- means is the next file.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.given_up_attempts (
  post_id uuid not null,
  position smallint not null,
  number smallint not null,
  account_id uuid not null references public.accounts (id) on delete cascade,
  workspace_id uuid not null,
  sending_at timestamptz not null,
  given_up_at timestamptz not null,
  next_look_at timestamptz not null,
  look_count int not null default 0,
  look_id uuid,
  primary key (post_id, position, number)
);

comment on table private.given_up_attempts is
  'Attempts that X did not have when nothing could send them any more. Looked for during a day.';

-- Serves: claim_looks and the tick.
create index given_up_attempts_next_look_at_idx on private.given_up_attempts (next_look_at);
-- Serves: forgetting them after a day.
create index given_up_attempts_given_up_at_idx on private.given_up_attempts (given_up_at);
-- Serves: the foreign key, and looks at one account.
create index given_up_attempts_account_id_idx on private.given_up_attempts (account_id);

alter table private.given_up_attempts enable row level security;

create type private.look as (
  post_id uuid,
  position smallint,
  number smallint,
  account_id uuid,
  look_id uuid,
  sending_at timestamptz,
  is_given_up boolean
);

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

create function private.token_failure(p_status text)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select case p_status
    when 'needs_reauth' then jsonb_build_object(
      'slug', 'account-needs-reauth', 'detail', 'X refuses the tokens of the account.'
    )
    else jsonb_build_object('slug', 'account-not-connected', 'detail', 'The account is disconnected.')
  end;
$$;

comment on function private.token_failure(text) is
  'Why nothing can be read for an account of that status: {slug, detail}.';

-- Nobody can look for what an account without usable tokens sent. Connected again, it is looked for at
-- once; until then its author is told as of any post that cannot be read.
create function private.defer_looks(p_limit int, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_account_ids uuid[] := array(
    select lanes.account_id
    from private.account_lanes as lanes
    where lanes.account_id in (
      select live.account_id
      from private.live_attempts as live
      join public.accounts on accounts.id = live.account_id
      where live.next_look_at <= p_now and accounts.status not in ('active', 'paused')
      order by live.next_look_at
      limit p_limit
    )
    for update skip locked
  );
  v_post_ids uuid[];
begin
  with deferred as (
    update private.live_attempts as live
    set
      look_id = null,
      unread = private.token_failure(accounts.status),
      next_look_at = p_now + interval '1 hour'
    from public.accounts
    where live.account_id = any (v_account_ids)
      and live.next_look_at <= p_now
      and accounts.id = live.account_id
      and accounts.status not in ('active', 'paused')
    returning live.post_id
  )
  select array_agg(post_id) into v_post_ids from deferred;
  perform private.leave_unread(v_post_ids, p_now);
end
$$;

comment on function private.defer_looks(int, timestamptz) is
  'Puts off by an hour what is to be looked for in accounts without usable tokens, and says why.';

-- The lease of a look is its next time: a look whose worker dies is simply made again. All open
-- attempts of an account are looked for together: one timeline tells of all of them, and which of
-- two alike is whose.
create function private.lease_looks(p_limit int, p_now timestamptz)
returns private.look[]
language sql
set search_path = ''
as $$
  with accounts as (
    select distinct due.account_id
    from (
      select live.account_id
      from private.live_attempts as live
      join public.accounts on accounts.id = live.account_id
      where live.next_look_at <= p_now and accounts.status in ('active', 'paused')
      order by live.next_look_at
      limit p_limit
    ) as due
  ), open_looks as (
    select live.post_id, live.position
    from private.live_attempts as live
    where live.account_id in (select account_id from accounts)
      and live.next_look_at < 'infinity'
      and (live.next_look_at <= p_now or live.look_id is null)
    for update of live skip locked
  ), looked as (
    update private.live_attempts as live
    set
      look_count = live.look_count + 1,
      look_id = gen_random_uuid(),
      looked_at = p_now,
      next_look_at = p_now + interval '60 seconds'
    from open_looks
    where live.post_id = open_looks.post_id and live.position = open_looks.position
    returning live.*
  )
  select coalesce(array_agg(row(
    looked.post_id, looked.position, looked.number, looked.account_id, looked.look_id,
    looked.sending_at, false
  )::private.look), '{}')
  from looked;
$$;

comment on function private.lease_looks(int, timestamptz) is
  'Attempts to look for now, each leased for 60 s: those of accounts of which one is due.';

-- While a segment has an open attempt, that one's look sees this one, too.
create function private.lease_watches(p_limit int, p_now timestamptz)
returns private.look[]
language sql
set search_path = ''
as $$
  delete from private.given_up_attempts where given_up_at < p_now - interval '1 day';

  with due as (
    select
      given.post_id, given.position, given.number,
      accounts.status in ('active', 'paused') and not exists (
        select from private.live_attempts as live
        where live.post_id = given.post_id and live.position = given.position
      ) and exists (
        select from public.post_segments as segments
        where segments.post_id = given.post_id and segments.position = given.position
      ) as can_look
    from private.given_up_attempts as given
    join public.accounts on accounts.id = given.account_id
    where given.next_look_at <= p_now
    order by given.next_look_at
    limit p_limit
    for update of given skip locked
  ), looked as (
    update private.given_up_attempts as given
    set
      look_count = given.look_count + due.can_look::int,
      look_id = case when due.can_look then gen_random_uuid() end,
      next_look_at = p_now
        + case when due.can_look then interval '60 seconds' else interval '10 minutes' end
    from due
    where given.post_id = due.post_id
      and given.position = due.position
      and given.number = due.number
    returning given.*
  )
  select coalesce(array_agg(row(
    looked.post_id, looked.position, looked.number, looked.account_id, looked.look_id,
    looked.sending_at, true
  )::private.look), '{}')
  from looked
  where looked.look_id is not null;
$$;

comment on function private.lease_watches(int, timestamptz) is
  'Given-up attempts to look for now, each leased for 60 s.';

-- What is compared with a timeline, in the order it was sent: what no plan may change. Of a segment sent
-- again, X may have taken the earlier attempt.
create function private.look_documents(p_looks private.look[])
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'post_id', looks.post_id, 'position', looks.position, 'number', looks.number,
    'look_id', looks.look_id, 'is_given_up', looks.is_given_up,
    'account_id', accounts.id, 'workspace_id', accounts.workspace_id,
    'sending_at', least(looks.sending_at, earlier.sending_at), 'tries', 1 + earlier.tries,
    'text', segments.text, 'reply_to', previous.remote_id,
    'media', private.segment_media(looks.post_id, looks.position),
    'remote_user_id', accounts.remote_user_id, 'x_app_id', accounts.x_app_id,
    'encrypted_tokens', tokens.encrypted_tokens,
    'tokens_expire_at', tokens.expires_at, 'tokens_version', tokens.version
  ) order by looks.sending_at, looks.post_id, looks.position), '[]')
  from unnest(p_looks) as looks
  join public.post_segments as segments
    on segments.post_id = looks.post_id and segments.position = looks.position
  left join public.post_segments as previous
    on previous.post_id = looks.post_id and previous.position = looks.position - 1
  join public.accounts on accounts.id = looks.account_id
  left join private.account_tokens as tokens on tokens.account_id = looks.account_id
  cross join lateral (
    select min(given.sending_at) as sending_at, count(*)::int as tries
    from private.given_up_attempts as given
    where given.post_id = looks.post_id
      and given.position = looks.position
      and given.number < looks.number
  ) as earlier;
$$;

comment on function private.look_documents(private.look[]) is
  'Looks with texts, parents and tokens (encrypted), as workers take them.';

create function service.claim_looks(
  p_limit int default 50, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
begin
  perform private.defer_looks(p_limit, p_now);
  return jsonb_build_object('now', p_now, 'looks', private.look_documents(
    private.lease_looks(p_limit, p_now) || private.lease_watches(p_limit, p_now)
  ));
end
$$;

comment on function service.claim_looks(int, timestamptz) is
  'Open and given-up attempts to look for on the network now, each leased for 60 s.';

-- Volatile, as every question a decision hangs on: PostgREST then needs a database that can be
-- written, and a replica that lags cannot answer.
create function service.list_open_looks(p_remote_user_id text, p_network text default 'x')
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_account_ids uuid[] := array(
    select id from public.accounts
    where network = p_network and remote_user_id = p_remote_user_id
  );
begin
  return jsonb_build_object('looks', private.look_documents(array(
    select row(
      live.post_id, live.position, live.number, live.account_id, null, live.sending_at, false
    )::private.look
    from private.live_attempts as live
    where live.account_id = any (v_account_ids) and live.next_look_at is not null
    union all
    select row(
      given.post_id, given.position, given.number, given.account_id, null, given.sending_at, true
    )::private.look
    from private.given_up_attempts as given
    where given.account_id = any (v_account_ids)
      and not exists (
        select from private.live_attempts as live
        where live.post_id = given.post_id and live.position = given.position
      )
  )));
end
$$;

comment on function service.list_open_looks(text, text) is
  'What a post of this network user could be: open and given-up attempts, without leasing them.';

create function private.tg_accounts__wake_looks()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  update private.live_attempts
  set next_look_at = clock_timestamp()
  where account_id = new.id and (next_look_at < 'infinity' or unread is not null);
  return new;
end
$$;

create trigger accounts_after_update_wake_looks
  after update of status on public.accounts
  for each row when (
    new.status in ('active', 'paused') and old.status in ('needs_reauth', 'disconnected')
  )
  execute function private.tg_accounts__wake_looks();

-- Of what a look found, posts that are ours already belong to other segments. Volatile as above.
create function service.list_owned_remote_ids(p_remote_ids text[], p_network text default 'x')
returns jsonb
language sql
volatile
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
