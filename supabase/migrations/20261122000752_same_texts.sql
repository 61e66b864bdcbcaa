-- The same text again: found by fingerprints of what is scheduled, and warned about.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.text_fingerprints (
  -- No key to workspaces: scheduling must not lock their rows. Rows go by age.
  workspace_id uuid not null,
  fingerprint bytea not null,
  post_id uuid not null,
  position smallint not null,
  account_id uuid not null,
  due_at timestamptz not null,
  primary key (workspace_id, fingerprint, post_id, position)
);

comment on table private.text_fingerprints is
  'Texts of scheduled posts, to tell of the same text elsewhere. A hint: the post itself decides whether it still counts.';

-- Serves: prune_text_fingerprints.
create index text_fingerprints_due_at_idx on private.text_fingerprints (due_at);

alter table private.text_fingerprints enable row level security;

create function private.text_fingerprint(p_text text)
returns bytea
language sql
immutable
set search_path = ''
as $$
  select substring(
    sha256(convert_to(lower(btrim(regexp_replace(normalize(p_text, nfc), '\s+', ' ', 'g'))), 'UTF8'))
    from 1 for 16
  );
$$;

comment on function private.text_fingerprint(text) is
  'Alike for texts that differ in case, white space or composition only.';

create function private.note_texts(p_post public.posts)
returns void
language sql
set search_path = ''
as $$
  insert into private.text_fingerprints (
    workspace_id, fingerprint, post_id, position, account_id, due_at
  )
  select
    p_post.workspace_id, private.text_fingerprint(segments.text), p_post.id, segments.position,
    p_post.account_id, p_post.scheduled_at
  from public.post_segments as segments
  where segments.post_id = p_post.id and segments.text <> ''
  on conflict (workspace_id, fingerprint, post_id, position) do update
  set due_at = excluded.due_at;
$$;

comment on function private.note_texts(public.posts) is 'Fingerprints the texts of a scheduled post.';

create function private.same_text_window()
returns interval
language sql
immutable
set search_path = ''
as $$
  select interval '7 days';
$$;

comment on function private.same_text_window() is
  'How far apart two posts of one text are when nothing is said about it any more.';

create function private.prune_text_fingerprints(p_now timestamptz default clock_timestamp())
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_pruned int;
begin
  delete from private.text_fingerprints
  where ctid = any (array(
    select ctid from private.text_fingerprints
    where due_at < p_now - private.same_text_window()
    order by due_at
    limit 5000
  ));
  get diagnostics v_pruned = row_count;
  return v_pruned;
end
$$;

comment on function private.prune_text_fingerprints(timestamptz) is
  'Removes up to 5,000 fingerprints nobody asks for any more. Returns how many.';

-- Posts of the workspace that say, or are going to say, the same within the window.
create function private.find_same_texts(
  p_workspace_id uuid, p_segments jsonb, p_post_id uuid, p_at timestamptz
)
returns table (place smallint, post_id uuid, account_id uuid, due_at timestamptz)
language sql
stable
set search_path = ''
as $$
  select mine.place, posts.id, posts.account_id, posts.scheduled_at
  from private.read_segments(p_segments) as mine
  cross join lateral (
    select same.*
    from private.text_fingerprints as same
    where same.workspace_id = p_workspace_id
      and same.fingerprint = private.text_fingerprint(mine.text)
      and same.post_id is distinct from p_post_id
      and same.due_at between p_at - private.same_text_window() and p_at + private.same_text_window()
    order by same.post_id desc
    limit 20
  ) as same
  join public.posts on posts.id = same.post_id
  join public.post_segments as theirs
    on theirs.post_id = same.post_id and theirs.position = same.position
  where mine.text <> ''
    and posts.unpublished_at is null
    and posts.status in (
      'scheduled', 'held', 'publishing', 'published', 'unconfirmed', 'partially_published'
    )
    and private.text_fingerprint(theirs.text) = same.fingerprint;
$$;

comment on function private.find_same_texts(uuid, jsonb, uuid, timestamptz) is
  'Other posts of a workspace with the text of one of these segments, at most 20 a segment.';
