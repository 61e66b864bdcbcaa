-- Looks: attempts whose outcome is open are looked for in their accounts' own timelines.
--
-- A find is evidence whenever it comes. Absence counts only after the quiet time, and nothing is
-- guessed: where a post could belong to two segments, or a segment be two posts, a person decides.
-- What was given up as absent is watched for another day, in case X shows it after all.

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

-- The lease of a look is its next time: a look whose worker dies is simply made again. All open
-- attempts of an account are looked for together: one timeline tells of all of them, and which of
-- two alike is whose. Accounts without usable tokens are asked about once an hour.
create function private.lease_looks(p_limit int, p_now timestamptz)
returns private.look[]
language sql
set search_path = ''
as $$
  with accounts as (
    select distinct live.account_id
    from (
      select account_id
      from private.live_attempts
      where next_look_at <= p_now
      order by next_look_at
      limit p_limit
    ) as live
  ), open_looks as (
    select live.post_id, live.position, accounts.status in ('active', 'paused') as has_tokens
    from private.live_attempts as live
    join public.accounts on accounts.id = live.account_id
    where live.account_id in (select account_id from accounts)
      and live.next_look_at < 'infinity'
      and (live.next_look_at <= p_now or live.look_id is null)
    for update of live skip locked
  ), looked as (
    update private.live_attempts as live
    set
      look_count = live.look_count + open_looks.has_tokens::int,
      look_id = case when open_looks.has_tokens then gen_random_uuid() end,
      looked_at = p_now,
      next_look_at = p_now
        + case when open_looks.has_tokens then interval '60 seconds' else interval '1 hour' end
    from open_looks
    where live.post_id = open_looks.post_id and live.position = open_looks.position
    returning live.*
  )
  select coalesce(array_agg(row(
    looked.post_id, looked.position, looked.number, looked.account_id, looked.look_id,
    looked.sending_at, false
  )::private.look), '{}')
  from looked
  where looked.look_id is not null;
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
  where account_id = new.id and next_look_at < 'infinity';
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
        and rivals.sending_at <= found.sent_at + interval '2 minutes'
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

create function private.not_found_failure(p_slug text, p_position smallint, p_candidates text[])
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_build_object(
    'slug', p_slug, 'who', 'author', 'segment', p_position,
    'detail', case p_slug
      when 'ambiguous-on-x' then 'X shows posts that could be this one and another: '
        || array_to_string(p_candidates, ', ') || '.'
      when 'duplicate-not-shown' then
        'X refuses the text as a duplicate and does not show the post it duplicates.'
      else 'X does not show the post, and it is not sent again by itself.'
    end,
    'remedy', 'Look at the account on X, then settle it with POST /posts/:id/resolve.'
  );
$$;

comment on function private.not_found_failure(text, smallint, text[]) is
  'Why a person has to decide, as it is shown on the post.';

-- Says once that a person has to decide. Looks go on, rarely: X may show the post after all.
create function private.leave_to_person(
  p_post_ids uuid[], p_positions smallint[], p_slugs text[], p_candidates jsonb, p_now timestamptz
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
        select jsonb_array_elements_text(p_candidates -> left_over.post_id::text)
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
    and given.number = found.number;
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
      post_id uuid, position smallint, number smallint, look_id uuid, verdict text
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

-- p_verdicts: [{post_id, position, number, look_id, verdict: found | absent | ambiguous |
-- no_evidence, remote_id, sent_at, is_certain, candidates}]. A find is evidence whenever it comes;
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
  v_post_ids uuid[];
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

  perform private.settle_finds(v_verdicts, p_now);
  v_post_ids := private.count_looks(v_verdicts, p_now);
  perform private.settle_watches(v_verdicts, p_now);
  perform private.give_up_absent(v_post_ids, p_now);
  perform private.give_up_ambiguous(v_verdicts, p_now);
  perform private.log_account_reads(v_account_ids[1], p_read_ids, p_now);
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.settle_looks(jsonb, text[], timestamptz) is
  'What the reconciler saw. "absent" counts only past the quiet time of the attempt.';
