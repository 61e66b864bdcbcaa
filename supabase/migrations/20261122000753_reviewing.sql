-- Reviewing: what stands in the way of a post, and what may surprise its author. Reads only.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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

-- Who sends at once asks for nothing to be there in time.
create function private.list_media_warnings(
  p_account public.accounts, p_segments jsonb, p_at timestamptz, p_now timestamptz
)
returns setof private.notice
language sql
stable
set search_path = ''
as $$
  select
    null::int, format('/segments/%s/media_ids', items.place - 1), 'media-late',
    format(
      'X may need %s minutes to have these media, and the post is due before: it may be late.',
      extract(epoch from absent.lead)::int / 60
    ),
    'Nothing to do: it goes out once X has them. Schedule it later to be sure of its time.'
  from jsonb_array_elements(p_segments) with ordinality as items (segment, place)
  cross join lateral (
    select max(private.upload_lead(media.kind)) as lead
    from jsonb_array_elements_text(items.segment -> 'media_ids') as used (id)
    join public.media on media.id = used.id::uuid
    where media.workspace_id = p_account.workspace_id
      and not exists (
        select from private.media_uploads as uploads
        where uploads.media_id = media.id
          and uploads.account_id = p_account.id
          and uploads.state = 'ready'
          and uploads.expires_at > p_at + interval '10 minutes'
      )
  ) as absent
  where p_at > p_now and p_at < p_now + absent.lead;
$$;

comment on function private.list_media_warnings(public.accounts, jsonb, timestamptz, timestamptz) is
  'One warning a segment whose media X may not have in time, because its post is due so soon.';

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
    select warnings.*, false
    from private.list_media_warnings(p_account, p_segments, p_at, p_now) as warnings
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
    coalesce(v_post.account_id, (p_review ->> 'account_id')::uuid),
    case when v_post.id is null then 'viewer' else 'editor' end
  );
  perform private.require_version(v_post.version, (p_review ->> 'version')::int, 'post');
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
  'What stands in the way of {account_id, segments, scheduled_at?}, or of a post as it is or would be ({post_id, version?, …}), and what may surprise. Keeps nothing. Role viewer; of a post that exists, editor.';

grant execute on function private.review_post(jsonb, timestamptz), public.review_post(jsonb)
to authenticated;
