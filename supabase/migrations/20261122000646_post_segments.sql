-- Segments: how verbs take them, how they are kept, and which of them may still change.
--
-- What X has stays as it is, and so does what X may have: changed, it could be there twice.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function private.read_segments(p_segments jsonb)
returns table (place smallint, text text, media_ids uuid[], has_url boolean)
language sql
immutable
set search_path = ''
as $$
  select
    (items.number - 1)::smallint,
    case jsonb_typeof(items.segment)
      when 'string' then items.segment #>> '{}'
      else coalesce(items.segment ->> 'text', '')
    end,
    array(
      select media.id::uuid
      from jsonb_array_elements_text(items.segment -> 'media_ids') with ordinality as media (id, number)
      order by media.number
    ),
    (case when jsonb_typeof(items.segment) = 'object' then items.segment ->> 'has_url' end)::boolean
  from jsonb_array_elements(p_segments) with ordinality as items (segment, number);
$$;

comment on function private.read_segments(jsonb) is
  'Segments as verbs take them: a list of texts, or of {text, media_ids, has_url}.';

-- Prices depend on URLs, and only our functions find those as X does. A caller who comes without
-- them pays for whatever might be one.
create function private.has_url(p_text text, p_claim boolean)
returns boolean
language sql
immutable
set search_path = ''
as $$
  select case
    when p_claim is null then p_text ~ '\S\.\S'
    else p_claim or p_text ~* 'https?://\S+\.[a-z]{2,}'
  end;
$$;

comment on function private.has_url(text, boolean) is
  'Whether X bills a text as one with a URL. p_claim: what our functions found; null: nobody looked.';

-- Texts are kept as they came, unnormalised: what is stored is what is sent.
create function private.write_segments(p_post public.posts, p_segments jsonb, p_from int default 0)
returns void
language sql
set search_path = ''
as $$
  delete from public.post_segments where post_id = p_post.id and position >= p_from;
  insert into public.post_segments (post_id, position, workspace_id, text, media_ids, has_url)
  select
    p_post.id, segments.place, p_post.workspace_id, segments.text, segments.media_ids,
    private.has_url(segments.text, segments.has_url)
  from private.read_segments(p_segments) as segments
  where segments.place >= p_from;
$$;

comment on function private.write_segments(public.posts, jsonb, int) is
  'Replaces the segments of a post from a position on; none of them is on X.';

create function private.join_segments(p_segments jsonb)
returns text
language sql
immutable
set search_path = ''
as $$
  select case when count(*) > 0 then
    coalesce(string_agg(segments.text, e'\n\n' order by segments.place) filter (where segments.text <> ''), '')
  end
  from private.read_segments(p_segments) as segments;
$$;

comment on function private.join_segments(jsonb) is 'posts.content of a list of segments.';

-- What is on X cannot change; what comes after it still can.
create function private.count_published(p_post public.posts, p_segments jsonb)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
  v_changed int;
begin
  select count(*), min(ours.position) filter (
    where theirs.text is distinct from ours.text or theirs.media_ids is distinct from ours.media_ids
  )
  into v_count, v_changed
  from public.post_segments as ours
  left join private.read_segments(p_segments) as theirs on theirs.place = ours.position
  where ours.post_id = p_post.id and ours.status = 'published';

  if v_changed is not null then
    perform private.refuse(409, 'segment-on-x',
      format('Segment %s is on X and cannot change.', v_changed),
      'Send the segments that are on X as they are, and change only those after them.');
  elsif v_count > 0 and jsonb_array_length(p_segments) = v_count then
    perform private.refuse(409, 'segment-on-x', 'Nothing would be left to send.',
      'Give up the rest of the thread with POST /posts/:id/drop-remainder.');
  end if;
  return v_count;
end
$$;

comment on function private.count_published(public.posts, jsonb) is
  'How many segments of a post are on X. Refuses new segments that differ from those.';

-- A segment that is sent again because X did not show it is protected by being the same: X refuses what it
-- has, and a late find is known by its text. Where a person has decided, it is theirs to change.
create function private.require_same_again(p_post public.posts, p_segments jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_position smallint;
begin
  select min(ours.position) into v_position
  from private.given_up_attempts as given
  join public.post_segments as ours
    on ours.post_id = given.post_id and ours.position = given.position
  -- A person's word that X does not have it is recorded as a refusal.
  join public.publish_attempts as attempts
    on attempts.post_id = given.post_id
    and attempts.position = given.position
    and attempts.number = given.number
    and attempts.status = 'abandoned'
  left join private.read_segments(p_segments) as theirs on theirs.place = ours.position
  where given.post_id = p_post.id
    and ours.status = 'pending'
    and (theirs.text is distinct from ours.text or theirs.media_ids is distinct from ours.media_ids);
  if v_position is not null then
    perform private.refuse(409, 'outcome-unknown',
      format('X did not show segment %s when it was looked for, and may do so yet: changed, it could be there twice.', v_position),
      'Leave it as it is, or cancel the post and write another one that may stand beside it.');
  end if;
end
$$;

comment on function private.require_same_again(public.posts, jsonb) is
  'Refuses to change a segment that was sent, was not found on X, and waits to be sent again.';
