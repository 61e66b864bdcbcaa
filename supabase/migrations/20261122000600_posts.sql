-- Posts and their segments: what people write, and when it goes out.
--
-- The month of an id is the month of creation, so a rescheduled post never moves. Legal transitions
-- are rows of private.post_transitions; a trigger refuses every other.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.posts (
  id uuid not null default private.uuid_v7(),
  workspace_id uuid not null,
  account_id uuid not null,
  -- The author.
  user_id uuid,
  content text not null,
  scheduled_at timestamptz,
  published_at timestamptz,
  status text not null default 'draft',
  held_reason text,
  -- Why it failed or is unconfirmed: {slug, detail, remedy, who, segment}.
  failure jsonb,
  metadata jsonb not null default '{}',
  late_policy text not null default 'hold',
  late_after interval not null default interval '1 hour',
  -- When somebody asked to have it deleted on X, and when the last of it was gone.
  unpublish_requested_at timestamptz,
  unpublished_at timestamptz,
  version int not null default 1,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (id),
  constraint posts_status_known check (status in (
    'draft', 'pending_approval', 'scheduled', 'held', 'missed', 'canceled', 'publishing',
    'published', 'failed', 'unconfirmed', 'partially_published'
  )),
  constraint posts_held_iff_reason check ((held_reason is not null) = (status = 'held')),
  constraint posts_held_reason_known
    check (held_reason in ('stale', 'restored', 'budget', 'paused')),
  constraint posts_due_has_time
    check (scheduled_at is not null or status in ('draft', 'pending_approval', 'canceled')),
  constraint posts_published_has_time
    check (published_at is not null or status not in ('published', 'partially_published')),
  constraint posts_unpublished_has_no_time check (
    published_at is null
    or status in ('publishing', 'unconfirmed', 'published', 'partially_published')
  ),
  constraint posts_unpublished_was_published
    check (unpublish_requested_at is null or published_at is not null),
  constraint posts_unpublished_was_asked
    check (unpublished_at is null or unpublish_requested_at is not null),
  constraint posts_scheduled_at_finite check (isfinite(scheduled_at)),
  constraint posts_failed_has_failure check (failure is not null or status <> 'failed'),
  constraint posts_late_policy_known check (late_policy in ('publish', 'hold', 'miss')),
  constraint posts_late_after_positive check (late_after > interval '0'),
  constraint posts_metadata_is_object check (jsonb_typeof(metadata) = 'object'),
  constraint posts_metadata_within_8_kb check (octet_length(metadata::text) <= 8192)
) partition by range (id);

comment on table public.posts is
  'A post: one text or a thread of segments, for one account. Partitioned by month of creation.';
comment on column public.posts.content is 'The whole text: its segments, joined by blank lines.';
comment on column public.posts.published_at is 'When X accepted the first segment.';
comment on column public.posts.late_policy is
  'What happens when it is later than late_after: publish anyway, hold for a person, or miss.';

-- Serves: GET /posts?from&to, the calendar.
create index posts_scheduled_at_idx on public.posts (scheduled_at);
-- Serves: GET /posts?account_id&status.
create index posts_account_id_status_idx on public.posts (account_id, status);
-- Serves: lateness reports and "what went out".
create index posts_published_at_idx on public.posts (published_at) where published_at is not null;
-- Serves: "my posts".
create index posts_user_id_idx on public.posts (user_id);
-- Serves: GET /posts, newest first, and the policy.
create index posts_workspace_id_id_idx on public.posts (workspace_id, id desc);

create table public.post_segments (
  post_id uuid not null,
  position smallint not null,
  workspace_id uuid not null,
  text text not null,
  -- What it shows, in this order.
  media_ids uuid[] not null default '{}',
  -- Whether X bills it as a text with a URL.
  has_url boolean not null default true,
  status text not null default 'pending',
  remote_id text,
  published_at timestamptz,
  -- When it was deleted on X because somebody unpublished the post.
  removed_at timestamptz,
  primary key (post_id, position),
  constraint post_segments_position_within_thread check (position between 0 and 24),
  constraint post_segments_text_length check (char_length(text) <= 100000),
  constraint post_segments_show_something check (text <> '' or media_ids <> '{}'),
  constraint post_segments_status_known
    check (status in ('pending', 'sending', 'published', 'failed', 'unconfirmed')),
  constraint post_segments_published_iff_remote_id
    check ((remote_id is not null) = (status = 'published')),
  constraint post_segments_published_iff_time
    check ((published_at is not null) = (status = 'published')),
  constraint post_segments_removed_was_published
    check (removed_at is null or status = 'published')
) partition by range (post_id);

comment on table public.post_segments is
  'The parts of a post in order, position 0 first. Partitioned like posts.';

alter table public.posts enable row level security;
alter table public.post_segments enable row level security;

grant select on public.posts, public.post_segments to authenticated, service_role;

create policy "members can read their workspace's posts"
  on public.posts for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

create policy "members can read their workspace's segments"
  on public.post_segments for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

insert into private.partition_policies (parent, owner, owner_column, fillfactor)
values ('public.posts', null, null, 60), ('public.post_segments', 'public.posts', 'post_id', 60);

create table private.post_transitions (
  from_status text not null,
  to_status text not null,
  primary key (from_status, to_status)
);

comment on table private.post_transitions is 'The legal changes of posts.status.';

alter table private.post_transitions enable row level security;

insert into private.post_transitions (from_status, to_status)
select from_status, unnest(to_statuses)
from (
  values
    ('draft', array['pending_approval', 'scheduled', 'canceled']),
    ('pending_approval', array['draft', 'scheduled', 'canceled']),
    -- Failed before its time: X will not take its media.
    ('scheduled', array['draft', 'publishing', 'held', 'missed', 'failed', 'canceled']),
    ('held', array['scheduled', 'missed', 'canceled']),
    (
      'publishing',
      array['published', 'failed', 'unconfirmed', 'partially_published', 'scheduled']
    ),
    ('unconfirmed', array['published', 'partially_published', 'scheduled', 'failed']),
    ('partially_published', array['publishing', 'published']),
    ('failed', array['scheduled', 'canceled']),
    ('missed', array['scheduled', 'canceled'])
) as transitions (from_status, to_statuses);

create function private.tg_posts__refuse_transition()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.refuse(
    409, 'illegal-transition', format('A %s post cannot become %s.', old.status, new.status),
    'Read the post again: its status has changed.'
  );
  return new;
end
$$;

-- The condition holds a copy of the table, made here, so that a legal change calls no function and
-- reads nothing: every post changes twice on its way out. Before, so that it speaks before a check.
do $$
begin
  execute format(
    $trigger$
      create trigger posts_before_update_refuse_transition
        before update of status on public.posts
        for each row when (
          old.status <> new.status
          and (old.status || ' ' || new.status) <> all (%L::text[])
        )
        execute function private.tg_posts__refuse_transition()
    $trigger$,
    (
      select array_agg(from_status || ' ' || to_status order by from_status, to_status)
      from private.post_transitions
    )
  );
end
$$;

-- Lets REST clients embed segments: select=*,segments(*).
create function public.segments(public.posts)
returns setof public.post_segments
language sql
stable
rows 2
set search_path = ''
as $$
  select segments.*
  from public.post_segments as segments
  where segments.post_id = $1.id
  order by segments.position;
$$;

comment on function public.segments(public.posts) is 'The segments of a post, in order.';

grant execute on function public.segments(public.posts) to authenticated;

-- Definer: open attempts are private. They come with a later file.
create function private.unconfirmed_document(p_post_id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  perform private.require_role(
    (select posts.workspace_id from public.posts where posts.id = p_post_id), 'viewer'
  );
  return (
    select jsonb_build_object(
      'since', min(live.sending_at),
      'next_look_at', case when isfinite(min(live.next_look_at)) then min(live.next_look_at) end,
      'unread', (array_agg(live.unread order by live.next_look_at))[1],
      'resolvable_at', private.quiet_at(p_post_id)
    )
    from private.live_attempts as live
    where live.post_id = p_post_id and live.next_look_at is not null
    having count(*) > 0
  );
end
$$;

comment on function private.unconfirmed_document(uuid) is
  'Of a post whose outcome is open: since when, when X is read next, why it could not be read, from when a person''s "not live" is taken. Role viewer.';

grant execute on function private.unconfirmed_document(uuid) to authenticated;

-- A post as the API shows it. Invoker: a caller sees what the policies let them see.
create function private.post_document(p_post public.posts)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select to_jsonb(p_post) - 'late_after' || jsonb_build_object(
    'late_after_seconds', extract(epoch from p_post.late_after)::int,
    'late_ms', round(extract(epoch from p_post.published_at - p_post.scheduled_at) * 1000),
    'unconfirmed', case
      when p_post.status = 'unconfirmed' then private.unconfirmed_document(p_post.id)
    end,
    'segments', (
      select coalesce(
        jsonb_agg(
          to_jsonb(segments) - 'post_id' - 'workspace_id' order by segments.position
        ), '[]'
      )
      from public.post_segments as segments
      where segments.post_id = p_post.id
    )
  );
$$;

comment on function private.post_document(public.posts) is 'A post with its segments as jsonb.';

grant execute on function private.post_document(public.posts) to authenticated;

create function public.get_post(p_post_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select private.post_document(posts) from public.posts where posts.id = p_post_id;
$$;

comment on function public.get_post(uuid) is
  'A post with its segments; null when it is absent or not the caller''s to see.';

-- Newest first; p_before is the id of the last post of the page before. p_filter may hold
-- account_id, status, from, to (scheduled_at, half open) and q (text).
create function public.list_posts(
  p_workspace_id uuid, p_filter jsonb default '{}', p_before uuid default null, p_limit int default 50
)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(private.post_document(page::public.posts) order by page.id desc), '[]')
  from (
    select posts.*
    from public.posts
    where posts.workspace_id = coalesce(p_workspace_id, private.personal_workspace_id())
      and (p_before is null or posts.id < p_before)
      and (p_filter ->> 'account_id' is null or posts.account_id = (p_filter ->> 'account_id')::uuid)
      and (p_filter ->> 'status' is null or posts.status = p_filter ->> 'status')
      and (p_filter ->> 'from' is null or posts.scheduled_at >= (p_filter ->> 'from')::timestamptz)
      and (p_filter ->> 'to' is null or posts.scheduled_at < (p_filter ->> 'to')::timestamptz)
      and (
        p_filter ->> 'q' is null
        or strpos(lower(posts.content), lower(p_filter ->> 'q')) > 0
      )
    order by posts.id desc
    limit least(greatest(p_limit, 1), 101)
  ) as page;
$$;

comment on function public.list_posts(uuid, jsonb, uuid, int) is
  'A page of a workspace''s posts (null: the personal workspace), newest first, at most 101: a page and the row that tells of a next one.';

grant execute on function public.get_post(uuid) to authenticated;
grant execute on function public.list_posts(uuid, jsonb, uuid, int) to authenticated;

select private.create_leaves_ahead();
