-- Learning: what an account may do that X tells in nothing but its answers.
--
-- Whether it may reply to itself, and whether it may still write long texts. An account row that somebody
-- else is changing is passed by: whoever settles holds lanes, and they come after accounts.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
    returning accounts as account
  )
  select private.emit_account_updated(changed.account) from changed;
$$;

comment on function private.learn_self_reply(uuid[], uuid[]) is
  'Remembers of which accounts X refused or took a reply to themselves.';

-- Only what was longer than 280 and within the limit, however its characters count (each one or two),
-- shows that X takes no long texts of the account any more: SQL does not know how X counts.
create function private.learn_text_limit(p_post_ids uuid[])
returns void
language sql
set search_path = ''
as $$
  with learnt as (
    select accounts.id
    from public.accounts
    where accounts.id in (
      select posts.account_id
      from public.posts
      join public.post_segments as segments
        on segments.post_id = posts.id and segments.position = (posts.failure ->> 'segment')::int
      join public.accounts as authors on authors.id = posts.account_id
      where posts.id = any (p_post_ids)
        and char_length(segments.text) > 280
        and char_length(segments.text) * 2 <= authors.text_limit
    )
    for no key update skip locked
  ), changed as (
    update public.accounts
    set text_limit = 280, version = accounts.version + 1
    from learnt
    where accounts.id = learnt.id
    returning accounts as account
  )
  select private.emit_account_updated(changed.account) from changed;
$$;

comment on function private.learn_text_limit(uuid[]) is
  'Remembers which accounts X lets write 280 characters only, of posts it called too long, until their profile is read again.';

create function private.tg_events__learn_from_answers()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_no_reply uuid[];
  v_reply uuid[];
  v_too_long uuid[];
begin
  select
    array_agg(account_id) filter (where slug = 'reply-not-allowed' and not is_thread),
    array_agg(account_id) filter (where is_thread),
    array_agg(post_id) filter (where slug = 'text-too-long')
  into v_no_reply, v_reply, v_too_long
  from (
    select
      new_events.subject_id as post_id,
      (new_events.data ->> 'account_id')::uuid as account_id,
      new_events.data #>> '{failure,slug}' as slug,
      new_events.data #>> '{remote_ids,1}' is not null as is_thread,
      new_events.type
    from new_events
    where new_events.type in ('post.published', 'post.partially_published', 'post.failed')
  ) as told
  where told.is_thread or told.slug = 'text-too-long'
    or told.slug = 'reply-not-allowed' and told.type = 'post.partially_published';

  if v_no_reply is not null or v_reply is not null then
    perform private.learn_self_reply(coalesce(v_no_reply, '{}'), coalesce(v_reply, '{}'));
  end if;
  if v_too_long is not null then
    perform private.learn_text_limit(v_too_long);
  end if;
  return null;
end
$$;

create trigger events_after_insert_learn_from_answers
  after insert on public.events
  referencing new table as new_events
  for each statement execute function private.tg_events__learn_from_answers();
