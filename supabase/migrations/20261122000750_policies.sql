-- Policies: who may not publish now, what a post runs into, and what may surprise its author.
--
-- Pausing closes lanes for a reason and costs nothing per post: Go refuses every lane that is closed.
-- What comes due meanwhile is the business of each post's late policy.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function private.iso(p_at timestamptz)
returns text
language sql
stable
set search_path = ''
as $$
  select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
$$;

comment on function private.iso(timestamptz) is 'An instant as people read it in a detail.';

-- Pause and kill switch ----------

create function private.emit_workspace_event(p_workspace public.workspaces, p_type text)
returns void
language sql
set search_path = ''
as $$
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  values (
    p_workspace.id, p_type, 'workspace', p_workspace.id,
    jsonb_build_object(
      'workspace_id', p_workspace.id, 'paused_at', p_workspace.paused_at,
      'suspended_at', p_workspace.suspended_at, 'suspended_reason', p_workspace.suspended_reason
    )
  );
$$;

comment on function private.emit_workspace_event(public.workspaces, text) is
  'Writes one event about a workspace in the running transaction.';

-- The row of the workspace is locked before its lanes, and connecting an account waits for that
-- lock: no account slips in between.
create function private.lock_workspace(p_workspace_id uuid)
returns public.workspaces
language plpgsql
set search_path = ''
as $$
declare
  v_workspace public.workspaces;
begin
  select * into v_workspace from public.workspaces where id = p_workspace_id for no key update;
  return v_workspace;
end
$$;

comment on function private.lock_workspace(uuid) is 'The workspace, locked; nulls when there is none.';

create function private.lanes_of(p_workspace_id uuid)
returns uuid[]
language sql
stable
set search_path = ''
as $$
  select array(select id from public.accounts where workspace_id = p_workspace_id);
$$;

comment on function private.lanes_of(uuid) is 'The accounts of a workspace, as lanes.';

-- p_changes may hold name, paused (boolean) and resend_when_absent.
create function private.update_workspace(
  p_workspace_id uuid, p_changes jsonb, p_version int,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_before public.workspaces;
  v_workspace public.workspaces;
begin
  perform private.require_role(p_workspace_id, 'admin');
  v_before := private.lock_workspace(p_workspace_id);
  perform private.require_version(v_before.version, p_version, 'workspace');
  perform private.require_unsuspended(p_workspace_id);

  update public.workspaces
  set
    name = coalesce(p_changes ->> 'name', workspaces.name),
    resend_when_absent =
      coalesce((p_changes ->> 'resend_when_absent')::boolean, workspaces.resend_when_absent),
    paused_at = case
      when not p_changes ? 'paused' then workspaces.paused_at
      when (p_changes ->> 'paused')::boolean then coalesce(workspaces.paused_at, p_now)
    end,
    version = workspaces.version + 1
  where id = p_workspace_id
  returning * into v_workspace;

  if v_workspace.paused_at is not null and v_before.paused_at is null then
    perform private.close_lanes(private.lanes_of(p_workspace_id), 'workspace');
    perform private.emit_workspace_event(v_workspace, 'workspace.paused');
  elsif v_workspace.paused_at is null and v_before.paused_at is not null then
    perform private.open_lanes(private.lanes_of(p_workspace_id), 'workspace');
    perform private.emit_workspace_event(v_workspace, 'workspace.resumed');
    perform private.ring('publish', p_now => p_now);
  end if;
  return to_jsonb(v_workspace);
end
$$;

create function public.update_workspace(
  p_workspace_id uuid, p_changes jsonb, p_version int default null
)
returns jsonb
language sql
set search_path = ''
as $$
  select private.update_workspace(p_workspace_id, p_changes, p_version);
$$;

comment on function public.update_workspace(uuid, jsonb, int) is
  'Changes name, paused or resend_when_absent of a workspace. Role admin.';

create function private.suspend_workspace(
  p_workspace_id uuid, p_reason text, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_before public.workspaces := private.lock_workspace(p_workspace_id);
  v_workspace public.workspaces;
begin
  update public.workspaces
  set
    suspended_at = coalesce(workspaces.suspended_at, p_now), suspended_reason = p_reason,
    version = workspaces.version + 1
  where id = p_workspace_id
  returning * into v_workspace;

  if v_workspace.id is null then
    perform private.refuse(404, 'not-found', 'No such workspace.');
  elsif v_before.suspended_at is null then
    perform private.close_lanes(private.lanes_of(p_workspace_id), 'suspended');
    perform private.emit_workspace_event(v_workspace, 'workspace.suspended');
  end if;
  return to_jsonb(v_workspace);
end
$$;

comment on function private.suspend_workspace(uuid, text, timestamptz) is
  'The operator''s kill switch: nothing of the workspace is sent or newly written until it is lifted. Safe to repeat.';

create function private.unsuspend_workspace(
  p_workspace_id uuid, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_before public.workspaces := private.lock_workspace(p_workspace_id);
  v_workspace public.workspaces;
begin
  update public.workspaces
  set suspended_at = null, suspended_reason = null, version = workspaces.version + 1
  where id = p_workspace_id
  returning * into v_workspace;

  if v_workspace.id is null then
    perform private.refuse(404, 'not-found', 'No such workspace.');
  elsif v_before.suspended_at is not null then
    perform private.open_lanes(private.lanes_of(p_workspace_id), 'suspended');
    perform private.emit_workspace_event(v_workspace, 'workspace.unsuspended');
    perform private.ring('publish', p_now => p_now);
  end if;
  return to_jsonb(v_workspace);
end
$$;

comment on function private.unsuspend_workspace(uuid, timestamptz) is
  'Lifts the kill switch; what is still due goes out, each post as its late policy says. Safe to repeat.';

-- Named so that it runs after the trigger that makes the lane.
create function private.tg_accounts__inherit_closure()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace public.workspaces;
begin
  select * into v_workspace from public.workspaces where id = new.workspace_id for share;
  if v_workspace.paused_at is not null then
    perform private.close_lanes(array[new.id], 'workspace');
  end if;
  if v_workspace.suspended_at is not null then
    perform private.close_lanes(array[new.id], 'suspended');
  end if;
  return new;
end
$$;

create trigger accounts_after_insert_inherit_closure
  after insert on public.accounts
  for each row execute function private.tg_accounts__inherit_closure();

-- Whether X lets an account reply to itself ----------
-- X does not say so anywhere but in its answers. An account row that somebody else is changing is
-- passed by: whoever settles holds lanes, and they come after accounts.

create function private.learn_self_reply(p_refused uuid[], p_accepted uuid[])
returns void
language sql
set search_path = ''
as $$
  with learnt as (
    select accounts.id, accounts.id = any (p_accepted) as is_able
    from public.accounts
    where accounts.id = any (p_refused || p_accepted)
      and accounts.can_self_reply <> (accounts.id = any (p_accepted))
    for no key update skip locked
  ), changed as (
    update public.accounts
    set can_self_reply = learnt.is_able, version = accounts.version + 1
    from learnt
    where accounts.id = learnt.id
    returning accounts.id, accounts.workspace_id, accounts.can_self_reply
  )
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  select
    changed.workspace_id, 'account.updated', 'account', changed.id,
    jsonb_build_object('account_id', changed.id, 'can_self_reply', changed.can_self_reply)
  from changed;
$$;

comment on function private.learn_self_reply(uuid[], uuid[]) is
  'Remembers of which accounts X refused or took a reply to themselves.';

create function private.tg_events__learn_self_reply()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_refused uuid[];
  v_accepted uuid[];
begin
  select
    coalesce(array_agg(account_id) filter (where not is_able), '{}'),
    coalesce(array_agg(account_id) filter (where is_able), '{}')
  into v_refused, v_accepted
  from (
    select
      (new_events.data ->> 'account_id')::uuid as account_id,
      new_events.data #>> '{remote_ids,1}' is not null as is_able
    from new_events
    where new_events.type in ('post.published', 'post.partially_published')
      and (
        new_events.data #>> '{remote_ids,1}' is not null
        or new_events.data #>> '{failure,slug}' = 'reply-not-allowed'
      )
  ) as told;

  if v_refused <> '{}' or v_accepted <> '{}' then
    perform private.learn_self_reply(v_refused, v_accepted);
  end if;
  return null;
end
$$;

create trigger events_after_insert_learn_self_reply
  after insert on public.events
  referencing new table as new_events
  for each statement execute function private.tg_events__learn_self_reply();

-- The same text again ----------

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

-- What validation says ----------

create function private.list_same_text_warnings(
  p_account public.accounts, p_segments jsonb, p_post_id uuid, p_at timestamptz
)
returns setof private.notice
language sql
stable
set search_path = ''
as $$
  select
    null::int, format('/segments/%s/text', same.place),
    case when same.is_own then 'duplicate-text' else 'identical-text' end,
    case
      when same.is_own then format(
        'Post %s of this account has the same text, for %s.', same.post_id, private.iso(same.due_at)
      )
      else format(
        'Post %s of another account of the workspace has the same text, for %s.',
        same.post_id, private.iso(same.due_at)
      )
    end,
    case
      when same.is_own then 'Change the text: X refuses what an account said lately.'
      else 'Word it differently for each account: X takes the same text on several accounts for spam.'
    end
  from (
    select distinct on (found.place, found.account_id = p_account.id)
      found.*, found.account_id = p_account.id as is_own
    from private.find_same_texts(p_account.workspace_id, p_segments, p_post_id, p_at) as found
    order by found.place, found.account_id = p_account.id, abs(extract(epoch from found.due_at - p_at))
  ) as same;
$$;

comment on function private.list_same_text_warnings(public.accounts, jsonb, uuid, timestamptz) is
  'One warning a segment for the same account, one for others: the nearest post in time.';

create function private.list_account_warnings(p_account public.accounts, p_now timestamptz)
returns setof private.notice
language sql
stable
set search_path = ''
as $$
  select
    null::int, '/account_id', 'account-paused', 'The account is paused: nothing of it is sent.',
    'Resume it with PATCH /accounts/:id {"paused": false}.'
  where p_account.status = 'paused'
  union all
  select
    null, '/account_id', 'account-needs-reauth',
    'X refuses the account''s tokens: nothing of it is sent until it is connected again.',
    'Connect it again with POST /accounts/connect.'
  where p_account.status = 'needs_reauth'
  union all
  select
    null, '/account_id', 'workspace-paused', 'The workspace is paused: nothing of it is sent.',
    'Resume it with PATCH /workspaces/:id {"paused": false}.'
  from public.workspaces
  where workspaces.id = p_account.workspace_id and workspaces.paused_at is not null
  union all
  select
    null, '/account_id', 'app-blocked',
    concat_ws(
      ' ',
      case
        when isfinite(apps.breaker_open_until) then format(
          'X takes nothing from the app of this account before %s.', private.iso(apps.breaker_open_until)
        )
        else 'X takes nothing from the app of this account until its owner acts.'
      end,
      apps.breaker_reason
    ),
    coalesce(apps.breaker_remedy, 'Nothing to do: it goes on by itself.')
  from private.x_apps as apps
  where apps.id = p_account.x_app_id and apps.breaker_open_until > p_now
  union all
  select
    null, '/account_id', 'publishing-held',
    'The database was restored: the account is held until it is sure what X has.',
    'Nothing to do: it goes on by itself.'
  from private.account_lanes as lanes
  where lanes.account_id = p_account.id
    and (lanes.closed_by @> '{restored}' or private.is_publishing_held());
$$;

comment on function private.list_account_warnings(public.accounts, timestamptz) is
  'What would keep an account from sending if it had to now.';

-- A draft runs into nothing but the kill switch; what else would stop its schedule is foretold. New
-- segments of a post that is queued have to be paid for and sent as those before.
create function private.review_notices(
  p_account public.accounts, p_post public.posts, p_segments jsonb, p_at timestamptz,
  p_is_queued boolean, p_now timestamptz
)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with found as (
    select warnings.*, false as is_problem
    from private.list_account_warnings(p_account, p_now) as warnings
    union all
    select warnings.*, false
    from private.list_same_text_warnings(
      p_account, p_segments, p_post.id, coalesce(p_at, p_post.scheduled_at, p_now)
    ) as warnings
    union all
    select
      notices.*,
      p_at is not null
      or notices.slug = 'workspace-suspended'
      or p_is_queued and notices.slug in ('over-budget', 'day-full', 'self-reply-unavailable')
    from (
      select * from private.list_problems(p_account, jsonb_array_length(p_segments), p_at, p_now)
      union all
      select * from private.list_money_problems(
        p_account, p_segments, p_post.id, coalesce(p_at, p_post.scheduled_at), p_now
      )
    ) as notices
  )
  select jsonb_build_object(
    'problems', coalesce(
      jsonb_agg(to_jsonb(found) - 'is_problem') filter (where found.is_problem), '[]'
    ),
    'warnings', coalesce(
      jsonb_agg(to_jsonb(found) - '{is_problem, status}'::text[]) filter (where not found.is_problem),
      '[]'
    )
  )
  from found;
$$;

comment on function private.review_notices(
  public.accounts, public.posts, jsonb, timestamptz, boolean, timestamptz
) is
  'What stands in the way of segments of an account, and what may surprise: {problems, warnings}.';

create function private.review_post(
  p_review jsonb, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_post public.posts;
  v_account public.accounts;
  v_at timestamptz := (p_review ->> 'scheduled_at')::timestamptz;
  v_segments jsonb := p_review -> 'segments';
  v_is_queued boolean := v_segments is not null and exists (
    select from private.publish_jobs where post_id = (p_review ->> 'post_id')::uuid
  );
begin
  select * into v_post from public.posts where id = (p_review ->> 'post_id')::uuid;
  v_account := private.require_account(
    coalesce(v_post.account_id, (p_review ->> 'account_id')::uuid), 'viewer'
  );
  -- First what neither money, a connection nor another text would mend.
  if v_post.id is not null and v_at is not null then
    perform private.require_schedulable(v_post);
  elsif v_post.id is not null and v_segments is not null then
    perform private.require_editable(v_post);
  end if;
  v_segments := coalesce(v_segments, (
    select jsonb_agg(to_jsonb(segments) order by segments.position)
    from public.post_segments as segments
    where segments.post_id = v_post.id
  ));
  return jsonb_build_object(
    'account', jsonb_build_object(
      'id', v_account.id, 'network', v_account.network, 'text_limit', v_account.text_limit
    ),
    'segments', v_segments,
    'is_queued', v_is_queued,
    'published', (
      select count(*)
      from public.post_segments as segments
      where segments.post_id = v_post.id and segments.status = 'published'
    ),
    'media', private.shown_media(v_account.workspace_id, v_segments),
    'prices', (select jsonb_object_agg(prices.action, prices.micros) from private.prices)
  ) || private.review_notices(v_account, v_post, v_segments, v_at, v_is_queued, p_now);
end
$$;

create function public.review_post(p_review jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select private.review_post(p_review);
$$;

comment on function public.review_post(jsonb) is
  'What stands in the way of {account_id, segments, scheduled_at?}, or of a post as it is or would be ({post_id, …}), and what may surprise. Keeps nothing. Role viewer.';

grant execute on function
  private.update_workspace(uuid, jsonb, int, timestamptz),
  private.review_post(jsonb, timestamptz),
  public.update_workspace(uuid, jsonb, int),
  public.review_post(jsonb)
to authenticated;
