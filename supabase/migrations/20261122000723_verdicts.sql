-- Verdicts: what follows from a look.
--
-- A find is evidence whenever it comes. Absence counts only after the quiet time, and nothing is
-- guessed: where a post could belong to two segments, or a segment be two posts, a person decides; so,
-- too, where X cannot be read.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function private.plain_text(p_text text)
returns text
language sql
immutable
set search_path = ''
as $$
  select btrim(regexp_replace(normalize(p_text, NFC), '\s+', ' ', 'g'));
$$;

comment on function private.plain_text(text) is
  'A text as far as SQL can tell texts apart that look alike on the network.';

-- Finds that an attempt under way, or one no look has seen yet, could just as well have made.
create function private.disputed_finds(p_verdicts jsonb)
returns setof uuid
language sql
stable
set search_path = ''
as $$
  with found as (
    select looks.*
    from jsonb_to_recordset(p_verdicts) as looks (
      post_id uuid, position smallint, verdict text, sent_at timestamptz, is_certain boolean
    )
    where looks.verdict = 'found'
  )
  select found.post_id
  from found
  join public.posts on posts.id = found.post_id
  join public.post_segments as segments
    on segments.post_id = found.post_id and segments.position = found.position
  where found.position = 0
    and exists (
      select
      from private.live_attempts as rivals
      join public.post_segments as others
        on others.post_id = rivals.post_id and others.position = rivals.position
      where rivals.account_id = posts.account_id
        and rivals.position = 0
        and rivals.post_id <> found.post_id
        -- Finds of one look are told apart by their order: a rival of the latest one is a rival of all.
        and rivals.sending_at <= (select max(any_find.sent_at) from found as any_find) + interval '2 minutes'
        and private.plain_text(others.text) = private.plain_text(segments.text)
        and (
          others.media_ids = segments.media_ids
          or found.is_certain is not true
            and cardinality(others.media_ids) = cardinality(segments.media_ids)
        )
        and not exists (
          select from found as twin
          where twin.post_id = rivals.post_id and twin.position = rivals.position
        )
    );
$$;

comment on function private.disputed_finds(jsonb) is
  'Posts of verdicts "found" that another open attempt of the account may own: with the same text and media, or with as many where the network does not name our uploads.';

-- p_named: the posts it could be, or why X was not read.
create function private.not_found_failure(p_slug text, p_position smallint, p_named text[])
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_build_object(
    'slug', p_slug, 'who', 'author', 'segment', p_position,
    'detail', case p_slug
      when 'ambiguous-on-x' then 'X shows posts that could be this one and another: '
        || array_to_string(p_named, ', ') || '.'
      when 'duplicate-not-shown' then
        'X refuses the text as a duplicate and does not show the post it duplicates.'
      when 'x-not-readable' then
        'The account''s posts could not be read on X to find this one: ' || array_to_string(p_named, ' ')
      else 'X does not show the post, and it is not sent again by itself.'
    end,
    'remedy', 'Look at the account on X, then settle it with POST /posts/:id/resolve.'
  );
$$;

comment on function private.not_found_failure(text, smallint, text[]) is
  'Why a person has to decide, as it is shown on the post.';

-- Says once that a person has to decide. Looks go on, rarely: X may show the post after all. p_named: by
-- post, what the detail names.
create function private.leave_to_person(
  p_post_ids uuid[], p_positions smallint[], p_slugs text[], p_named jsonb, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_post_ids uuid[];
begin
  with left_over as (
    update private.live_attempts as live
    set next_look_at = case
      when live.sending_at > p_now - interval '1 day' then p_now + interval '1 hour'
      else 'infinity'
    end
    from unnest(p_post_ids, p_positions, p_slugs) as asked (post_id, position, slug)
    where live.post_id = asked.post_id and live.position = asked.position
    returning live.post_id, live.position, asked.slug
  ), told as (
    update public.posts
    set
      failure = private.not_found_failure(left_over.slug, left_over.position, array(
        select jsonb_array_elements_text(p_named -> left_over.post_id::text)
      )),
      updated_at = p_now
    from left_over
    where posts.id = left_over.post_id
      and posts.status = 'unconfirmed'
      and posts.failure ->> 'slug' is distinct from left_over.slug
    returning posts.id
  )
  select array_agg(id) into v_post_ids from told;
  perform private.emit_outcomes(v_post_ids);
end
$$;

comment on function private.leave_to_person(uuid[], smallint[], text[], jsonb, timestamptz) is
  'Shows on posts that a person has to resolve them, with an event, and looks once an hour for a day.';

create function private.watch_given_up(p_results private.attempt_result[], p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  insert into private.given_up_attempts (
    post_id, position, number, account_id, workspace_id, sending_at, given_up_at, next_look_at
  )
  select
    attempts.post_id, attempts.position, attempts.number, attempts.account_id,
    attempts.workspace_id, attempts.sending_at, p_now, p_now + interval '5 minutes'
  from unnest(p_results) as results
  join public.publish_attempts as attempts using (post_id, position, number)
  on conflict do nothing;
$$;

comment on function private.watch_given_up(private.attempt_result[], timestamptz) is
  'Goes on looking for attempts that are closed because X does not have them.';

-- X called a text a duplicate, and no attempt of ours can be what it duplicates: its definite no.
create function private.refuse_plain_duplicates(p_post_ids uuid[], p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  select private.settle_results(array(
    select row(
      live.post_id, live.position, live.number, 'refused', null, null, attempts.error,
      null, null, null
    )::private.attempt_result
    from private.live_attempts as live
    join public.publish_attempts as attempts using (post_id, position, number)
    where live.post_id = any (p_post_ids)
      and attempts.error ->> 'slug' = 'duplicate-content'
      and not exists (
        select from private.given_up_attempts as given
        where given.post_id = live.post_id and given.position = live.position
      )
  ), p_now);
$$;

comment on function private.refuse_plain_duplicates(uuid[], timestamptz) is
  'Fails posts that repeat what somebody else posted: a look did not find them.';

-- Sent again only after two looks of "absent" past the quiet time, only where X itself refuses
-- duplicates (a text without media that is no reply), and only if the workspace allows it. Else a
-- person decides; so, too, when X calls the text a duplicate and does not show of what.
create function private.give_up_absent(p_post_ids uuid[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_resent private.attempt_result[] := array(
    select row(
      live.post_id, live.position, live.number, 'retry', null, null,
      jsonb_build_object(
        'slug', 'not-on-x', 'who', 'provider',
        'detail', 'X did not have the post when nothing could send it any more.',
        'remedy', 'Nothing to do: it is sent again.'
      ),
      null, null, null
    )::private.attempt_result
    from private.live_attempts as live
    join public.workspaces on workspaces.id = live.workspace_id and workspaces.resend_when_absent
    join public.post_segments as segments using (post_id, position)
    join public.publish_attempts as attempts using (post_id, position, number)
    where live.post_id = any (p_post_ids)
      and live.absent_count >= 2
      and live.position = 0
      and segments.media_ids = '{}'
      and attempts.error ->> 'slug' is distinct from 'duplicate-content'
  );
begin
  perform private.refuse_plain_duplicates(p_post_ids, p_now);
  perform private.settle_results(v_resent, p_now);
  perform private.watch_given_up(v_resent, p_now);
  perform private.leave_to_person(
    array_agg(live.post_id), array_agg(live.position),
    array_agg(case attempts.error ->> 'slug'
      when 'duplicate-content' then 'duplicate-not-shown' else 'not-on-x' end),
    '{}', p_now
  )
  from private.live_attempts as live
  join public.publish_attempts as attempts using (post_id, position, number)
  where live.post_id = any (p_post_ids) and live.absent_count >= 2
  having count(*) > 0;
end
$$;

comment on function private.give_up_absent(uuid[], timestamptz) is
  'Sends again what X provably does not have, or leaves it to a person.';

-- Past the quiet time nothing more will tell two posts apart.
create function private.give_up_ambiguous(p_verdicts jsonb, p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  select private.leave_to_person(
    array_agg(live.post_id), array_agg(live.position),
    array_agg('ambiguous-on-x'::text),
    jsonb_object_agg(live.post_id, coalesce(looks.candidates, '[]')), p_now
  )
  from private.live_attempts as live
  join jsonb_to_recordset(p_verdicts) as looks (
    post_id uuid, position smallint, number smallint, verdict text, candidates jsonb
  ) using (post_id, position, number)
  where looks.verdict = 'ambiguous'
    and live.looked_at > live.sending_at + private.quiet_time()
  having count(*) > 0;
$$;

comment on function private.give_up_ambiguous(jsonb, timestamptz) is
  'Leaves to a person what several posts on the network could be.';

-- An hour without a verdict is long past the quiet time: nobody waits longer without being told. What a
-- person was told before says more than that X cannot be read now.
create function private.leave_unread(p_post_ids uuid[], p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  select private.leave_to_person(
    array_agg(live.post_id), array_agg(live.position),
    array_agg(case
      when posts.failure ->> 'slug' in ('not-on-x', 'ambiguous-on-x', 'duplicate-not-shown')
        then posts.failure ->> 'slug'
      else 'x-not-readable'
    end),
    jsonb_object_agg(live.post_id, jsonb_build_array(live.unread -> 'detail')), p_now
  )
  from private.live_attempts as live
  join public.posts on posts.id = live.post_id
  where live.post_id = any (p_post_ids)
    and live.unread is not null
    and coalesce(live.read_at, live.sending_at) <= p_now - interval '1 hour'
  having count(*) > 0;
$$;

comment on function private.leave_unread(uuid[], timestamptz) is
  'Leaves to a person what no look has told anything of for an hour, naming why.';

-- A find of a given-up attempt makes it the open one again where that can still stop a resend;
-- where both are on X, private.record_late_answers alerts and names them.
create function private.settle_finds(p_verdicts jsonb, p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  select private.settle_results(array(
    select row(
      found.post_id, found.position, found.number, 'accepted', found.remote_id, null, null,
      found.sent_at, null, null
    )::private.attempt_result
    from jsonb_to_recordset(p_verdicts) as found (
      post_id uuid, position smallint, number smallint, verdict text, remote_id text,
      sent_at timestamptz
    )
    where found.verdict = 'found'
  ), p_now);

  delete from private.given_up_attempts as given
  using jsonb_to_recordset(p_verdicts) as found (
    post_id uuid, position smallint, number smallint, verdict text
  )
  where found.verdict = 'found'
    and given.post_id = found.post_id
    and given.position = found.position
    and given.number = found.number
    -- While the segment is being sent again, what becomes of that may need to be known by this find.
    and not exists (
      select from private.live_attempts as live
      where live.post_id = found.post_id and live.position = found.position
    );
$$;

comment on function private.settle_finds(jsonb, timestamptz) is
  'Adopts what was found, whatever became of the attempt meanwhile.';

create function private.settle_watches(p_verdicts jsonb, p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  update private.given_up_attempts as given
  set look_id = null, next_look_at = p_now + private.next_look_after(given.look_count + 4)
  from jsonb_to_recordset(p_verdicts) as looks (look_id uuid)
  where given.look_id = looks.look_id;
$$;

comment on function private.settle_watches(jsonb, timestamptz) is
  'When to look again for given-up attempts.';

create function private.count_looks(p_verdicts jsonb, p_now timestamptz)
returns uuid[]
language sql
set search_path = ''
as $$
  with looked as (
    update private.live_attempts as live
    set
      absent_count = live.absent_count + (
        looks.verdict = 'absent' and live.looked_at > live.sending_at + private.quiet_time()
      )::int,
      look_id = null,
      read_at = case when looks.verdict = 'no_evidence' then live.read_at else live.looked_at end,
      unread = case when looks.verdict = 'no_evidence' then coalesce(
        looks.reason, '{"slug": "look-broke", "detail": "The look broke off on our side."}'
      ) end,
      -- The first look that can count comes with the end of the quiet time, the second a minute later.
      next_look_at = case
        when live.sending_at + private.quiet_time() >= p_now then least(
          p_now + private.next_look_after(live.look_count),
          live.sending_at + private.quiet_time() + interval '1 second'
        )
        when looks.verdict = 'absent' and live.absent_count = 0 then p_now + interval '1 minute'
        else p_now + private.next_look_after(live.look_count)
      end
    from jsonb_to_recordset(p_verdicts) as looks (
      post_id uuid, position smallint, number smallint, look_id uuid, verdict text, reason jsonb
    )
    where live.post_id = looks.post_id
      and live.position = looks.position
      and live.number = looks.number
      and live.look_id = looks.look_id
    returning live.post_id
  )
  select coalesce(array_agg(post_id), '{}') from looked;
$$;

comment on function private.count_looks(jsonb, timestamptz) is
  'Counts each look once, for the look under way; returns its posts.';

-- Together, or one by one when a bad one is among them: that one is looked for again, as rarely as if it had
-- been counted.
create function private.apply_verdicts(p_verdicts jsonb, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_post_ids uuid[];
begin
  perform private.settle_finds(p_verdicts, p_now);
  v_post_ids := private.count_looks(p_verdicts, p_now);
  perform private.settle_watches(p_verdicts, p_now);
  perform private.give_up_absent(v_post_ids, p_now);
  perform private.give_up_ambiguous(p_verdicts, p_now);
  perform private.leave_unread(v_post_ids, p_now);
exception
  when transaction_rollback or lock_not_available then
    raise;
  when others then
    if jsonb_array_length(p_verdicts) = 1 then
      perform private.raise_alert(
        'verdict-refused', p_verdicts -> 0 ->> 'post_id', sqlerrm,
        'The post stays as it is until this is put right. Report it as a fault of ours.', p_now
      );
      perform private.count_looks(p_verdicts, p_now);
      perform private.settle_watches(p_verdicts, p_now);
      return;
    end if;
    perform private.apply_verdicts(jsonb_build_array(verdicts.one), p_now)
    from jsonb_array_elements(p_verdicts) as verdicts (one);
end
$$;

comment on function private.apply_verdicts(jsonb, timestamptz) is
  'What follows from the verdicts of a look. One that cannot be applied keeps no other from it. The caller holds the lanes.';

-- p_verdicts: [{post_id, position, number, look_id, verdict: found | absent | ambiguous |
-- no_evidence, remote_id, sent_at, is_certain, candidates, reason}]. A find is evidence whenever it comes;
-- other verdicts count once, for the look under way. p_read_ids: what the account's look has read.
create function service.settle_looks(
  p_verdicts jsonb, p_read_ids text[] default '{}', p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '8s'
as $$
declare
  v_account_ids uuid[] := array(
    select distinct posts.account_id
    from public.posts
    join jsonb_to_recordset(p_verdicts) as looks (post_id uuid) on looks.post_id = posts.id
  );
  v_verdicts jsonb;
begin
  perform private.lock_lanes(v_account_ids);
  -- Under the locks nothing starts, so what is undisputed now stays so.
  select coalesce(jsonb_agg(case
    when looks.verdict ->> 'verdict' = 'found'
      and (looks.verdict ->> 'post_id')::uuid in (select private.disputed_finds(p_verdicts))
    then looks.verdict || jsonb_build_object(
      'verdict', 'ambiguous', 'candidates', jsonb_build_array(looks.verdict -> 'remote_id')
    )
    else looks.verdict
  end), '[]')
  into v_verdicts
  from jsonb_array_elements(p_verdicts) as looks (verdict);

  perform private.apply_verdicts(v_verdicts, p_now);
  perform private.log_account_reads(v_account_ids[1], p_read_ids, p_now);
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.settle_looks(jsonb, text[], timestamptz) is
  'What the reconciler saw. "absent" counts only past the quiet time of the attempt.';
