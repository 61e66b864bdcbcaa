-- Publishing: the attempts to send posts, the workers that send them, and the past they belong to.
-- (How a post is sent is the next files: claim ahead, go just before the instant, settle.)
--
-- The primary key of live_attempts lets no segment have two attempts whose outcome is open.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.publish_attempts (
  post_id uuid not null,
  position smallint not null,
  number smallint not null,
  workspace_id uuid not null,
  account_id uuid not null,
  status text not null,
  sending_at timestamptz not null,
  -- When the request really left, on the database's clock.
  sent_at timestamptz,
  finished_at timestamptz not null,
  remote_id text,
  http_status smallint,
  -- {slug, detail, who, remedy}
  error jsonb,
  primary key (post_id, position, number),
  constraint publish_attempts_status_known
    check (status in ('accepted', 'refused', 'unknown', 'abandoned')),
  constraint publish_attempts_accepted_iff_remote_id
    check ((remote_id is not null) = (status = 'accepted'))
) partition by range (post_id);

comment on table public.publish_attempts is
  'Every time a segment was, or may have been, sent, written once it ended. Partitioned like posts.';

-- Serves: lateness of an account, newest first.
create index publish_attempts_account_id_idx on public.publish_attempts (account_id, post_id desc);

create table private.live_attempts (
  post_id uuid not null,
  position smallint not null,
  number smallint not null,
  -- No key to accounts: it would lock the account for every attempt. A trigger forgets them.
  account_id uuid not null,
  workspace_id uuid not null,
  go_id uuid not null,
  sending_at timestamptz not null,
  -- The worker sends nothing after that, and the rescuer looks at the attempt.
  deadline_at timestamptz not null,
  -- Null while sending. Set when the outcome is unknown: when the reconciler looks next.
  next_look_at timestamptz,
  look_count int not null default 0,
  -- The look under way, and when it was asked for: what X showed, it showed after that.
  look_id uuid,
  looked_at timestamptz,
  -- When the last look was asked for that brought a verdict, and why the last one brought none: {slug, detail}.
  read_at timestamptz,
  unread jsonb,
  -- Looks that proved X did not have it, after the last moment a frozen worker could have sent it.
  absent_count int not null default 0,
  primary key (post_id, position)
) with (fillfactor = 70);

comment on table private.live_attempts is
  'Attempts whose outcome is open: being sent, or unknown. One per segment at most.';

-- Serves: the rescuer.
create index live_attempts_deadline_at_idx
  on private.live_attempts (deadline_at) where next_look_at is null;
-- Serves: the reconciler.
create index live_attempts_next_look_at_idx
  on private.live_attempts (next_look_at) where next_look_at is not null;
-- Serves: unknown attempts of one account.
create index live_attempts_account_id_idx
  on private.live_attempts (account_id) where next_look_at is not null;

create table private.remote_posts (
  network text not null,
  remote_id text not null,
  post_id uuid not null,
  position smallint not null,
  primary key (network, remote_id)
);

comment on table private.remote_posts is
  'Which segment a post on the network belongs to: to one only, across all months.';

create table private.publish_workers (
  id uuid primary key,
  started_at timestamptz not null,
  -- When it last claimed; in the past for ever once it takes no more.
  seen_at timestamptz not null,
  -- When it last said that it lives.
  alive_at timestamptz not null
);

comment on table private.publish_workers is
  'Workers at work. The tick rings only for what they cannot carry, and buries those that fell silent.';

create table private.incarnation (
  is_only boolean primary key default true,
  system_identifier bigint not null,
  timeline int not null,
  seen_at timestamptz not null default now(),
  held_since timestamptz,
  constraint incarnation_single_row check (is_only)
);

comment on table private.incarnation is
  'Which past this database lives in. A restore or a promoted standby differs, and holds publishing.';

alter table public.publish_attempts enable row level security;
alter table private.live_attempts enable row level security;
alter table private.remote_posts enable row level security;
alter table private.publish_workers enable row level security;
alter table private.incarnation enable row level security;

grant select on public.publish_attempts to authenticated, service_role;

create policy "members can read their workspace's attempts"
  on public.publish_attempts for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

insert into private.partition_policies (parent, owner, owner_column, fillfactor)
values ('public.publish_attempts', 'public.posts', 'post_id', 50);

-- A promoted standby takes writes at once, and its control file names the new timeline only after its
-- next checkpoint, which may take minutes: what is written now names it from the first moment.
create function private.current_timeline()
returns int
language sql
stable
set search_path = ''
as $$
  select case
    when pg_is_in_recovery() then (select timeline_id from pg_catalog.pg_control_checkpoint())
    else ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int
  end;
$$;

comment on function private.current_timeline() is
  'The timeline of what this database writes; on a standby, that of its last checkpoint.';

insert into private.incarnation (system_identifier, timeline)
select control.system_identifier, private.current_timeline()
from pg_catalog.pg_control_system() as control;

create function private.is_publishing_held()
returns boolean
language sql
stable
set search_path = ''
as $$
  select incarnation.held_since is not null
    or incarnation.system_identifier <> control.system_identifier
    or incarnation.timeline <> private.current_timeline()
  from private.incarnation, pg_catalog.pg_control_system() as control;
$$;

comment on function private.is_publishing_held() is
  'True after a restore or a promotion, until somebody has made sure what X already has.';

-- Definer: whoever deletes an account, what was open of it is forgotten.
create function private.tg_accounts__forget_live_attempts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  delete from private.live_attempts where account_id = old.id;
  return null;
end
$$;

create trigger accounts_after_delete_forget_live_attempts
  after delete on public.accounts
  for each row execute function private.tg_accounts__forget_live_attempts();

-- Definer: nobody may read live attempts; members see those of their posts.
create function private.open_attempts(p_post_id uuid, p_workspace_id uuid)
returns setof public.publish_attempts
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  perform private.require_role(p_workspace_id, 'viewer');
  return query
  select
    live.post_id, live.position, live.number, live.workspace_id, live.account_id,
    'sending', live.sending_at, null::timestamptz, null::timestamptz, null, null::smallint,
    null::jsonb
  from private.live_attempts as live
  where live.post_id = p_post_id
    and live.workspace_id = p_workspace_id
    and live.next_look_at is null;
end
$$;

comment on function private.open_attempts(uuid, uuid) is
  'What is being sent of a post, as attempts without an end. Role viewer.';

grant execute on function private.open_attempts(uuid, uuid) to authenticated;

create function public.list_attempts(p_post_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(
    jsonb_agg(
      to_jsonb(attempts) - 'workspace_id' order by attempts.position, attempts.number
    ), '[]'
  )
  from (
    select * from public.publish_attempts where post_id = p_post_id
    union all
    select open.*
    from public.posts
    cross join private.open_attempts(posts.id, posts.workspace_id) as open
    where posts.id = p_post_id
  ) as attempts;
$$;

comment on function public.list_attempts(uuid) is 'Every attempt to send a post, in order: ended ones, and the one that is being sent.';

grant execute on function public.list_attempts(uuid) to authenticated;

select private.create_leaves_ahead();
