-- Holds: a scheduled post holds its price and its places, by what it needs now.
--
-- They are settled by what became of its segments. What will not be sent by itself any more is released.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- What became of posts: whether nothing of them is sent by itself any more, and of each segment
-- whether X has it, and whether X was asked.
create function private.sending_of(p_post_ids uuid[])
returns table (post_id uuid, is_over boolean, published boolean[], tried boolean[])
language sql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
  select
    posts.id,
    not (
      posts.status in ('scheduled', 'publishing', 'unconfirmed')
      or posts.status = 'partially_published'
        and posts.unpublish_requested_at is null
        and not bool_or(segments.status = 'failed')
    ),
    array_agg(segments.status = 'published' order by segments.position),
    array_agg(segments.status in ('published', 'failed') order by segments.position)
  from public.posts
  join public.post_segments as segments on segments.post_id = posts.id
  where posts.id = any (p_post_ids)
  group by posts.id;
$$;

comment on function private.sending_of(uuid[]) is
  'How far the sending of posts is, as their holds have to know it.';

-- Brings open holds up to what became of their segments. What will not be sent by itself any more is
-- released: p_end says so of all of them, else the status of the post does.
create function private.settle_holds(p_post_ids uuid[], p_end boolean default false)
returns private.hold_change[]
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_changes private.hold_change[];
begin
  with outcomes as (
    select
      ledger.post_id, ledger.number, ledger.settled as settled_before, ledger.places as places_before,
      p_end or truth.is_over as is_over, sent.settled, sent.prices, least(sent.tried, ledger.places) as places_used
    from private.spend_ledger as ledger
    join private.sending_of(p_post_ids) as truth using (post_id)
    cross join lateral (
      select
        coalesce(sum(parts.price) filter (where parts.is_published), 0)::bigint as settled,
        array_agg(
          case when parts.is_published then coalesce(parts.price, 0) else 0 end
          order by parts.number
        ) as prices,
        -- X counts what it refused, too.
        count(*) filter (where parts.is_tried and parts.price > 0) as tried
      from unnest(ledger.prices, truth.published, truth.tried) with ordinality
        as parts (price, is_published, is_tried, number)
    ) as sent
    where ledger.post_id = any (p_post_ids) and ledger.is_open
  ), changed as (
    update private.spend_ledger as ledger
    set
      settled = outcomes.settled,
      released = case when outcomes.is_over then ledger.held - outcomes.settled else 0 end,
      prices = case when outcomes.is_over then outcomes.prices else ledger.prices end,
      places = case when outcomes.is_over then outcomes.places_used else ledger.places end,
      is_open = not outcomes.is_over
    from outcomes
    where ledger.post_id = any (p_post_ids)
      and ledger.post_id = outcomes.post_id
      and ledger.number = outcomes.number
      and (outcomes.is_over or outcomes.settled <> outcomes.settled_before)
    returning
      ledger.workspace_id, ledger.x_app_id, ledger.day, -ledger.released as amount,
      ledger.places - outcomes.places_before as places
  )
  select array_agg(
    row(workspace_id, x_app_id, day, amount, places)::private.hold_change
  )
  into v_changes
  from changed
  where amount <> 0 or places <> 0;
  return coalesce(v_changes, '{}');
end
$$;

comment on function private.settle_holds(uuid[], boolean) is
  'Settles open holds by what was sent and releases what will not be; returns what that gives back.';

create function private.give_back_holds(p_post_ids uuid[], p_end boolean default false)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_changes private.hold_change[] := private.settle_holds(p_post_ids, p_end);
begin
  if v_changes <> '{}' then
    perform private.charge_budgets(v_changes);
    perform private.take_places(v_changes);
  end if;
end
$$;

comment on function private.give_back_holds(uuid[], boolean) is
  'Settles open holds, and gives money and places that they do not need back to their months and days.';

-- What scheduled posts need now: [post, its app, day, price of each segment, segments to send].
create function private.wanted_holds(p_post_ids uuid[], p_now timestamptz)
returns table (
  post_id uuid, workspace_id uuid, x_app_id uuid, day date, prices bigint[], places int
)
language sql
stable
set search_path = ''
as $$
  select
    posts.id, posts.workspace_id, accounts.x_app_id,
    (greatest(posts.scheduled_at, p_now) at time zone 'UTC')::date,
    array_agg(
      case when segments.status = 'published' then 0 else prices.micros end
      order by segments.position
    ),
    (count(*) filter (where segments.status <> 'published'))::int
  from public.posts
  join public.accounts on accounts.id = posts.account_id
  join public.post_segments as segments on segments.post_id = posts.id
  join private.prices
    on prices.action = case when segments.has_url then 'post_with_url' else 'post' end
  where posts.id = any (p_post_ids)
  group by posts.id, posts.workspace_id, posts.scheduled_at, accounts.x_app_id;
$$;

comment on function private.wanted_holds(uuid[], timestamptz) is
  'The holds posts should have: by their segments, the time they are due and today''s prices.';

-- A hold that is already what the post needs is kept, so that a repeated call changes nothing and a
-- post may move within its month however tight the budget is. p_may_refuse false: X has begun the post
-- already, so it is held for whatever the limit says, and a stopped budget keeps the rest waiting.
create function private.reserve_posts(
  p_post_ids uuid[], p_now timestamptz default clock_timestamp(), p_may_refuse boolean default true
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_post_ids uuid[];
  v_changes private.hold_change[];
begin
  select array_agg(wanted.post_id) into v_post_ids
  from private.wanted_holds(p_post_ids, p_now) as wanted
  where not exists (
    select from private.spend_ledger as ledger
    where ledger.post_id = wanted.post_id
      and ledger.is_open
      and (ledger.x_app_id, ledger.day, ledger.prices, ledger.places)
        = (wanted.x_app_id, wanted.day, wanted.prices, wanted.places::smallint)
  );
  v_changes := private.settle_holds(v_post_ids, true);

  with taken as (
    insert into private.spend_ledger (
      post_id, number, workspace_id, x_app_id, day, prices, places, held
    )
    select
      wanted.post_id,
      1 + (
        select coalesce(max(ledger.number), 0)
        from private.spend_ledger as ledger
        where ledger.post_id = wanted.post_id
      ),
      wanted.workspace_id, wanted.x_app_id, wanted.day, wanted.prices, wanted.places,
      (select sum(price) from unnest(wanted.prices) as price)
    from private.wanted_holds(v_post_ids, p_now) as wanted
    returning workspace_id, x_app_id, day, held as amount, places
  )
  select v_changes || array_agg(row(taken.*)::private.hold_change) into v_changes from taken;
  perform private.charge_budgets(v_changes, p_may_refuse);
  perform private.take_places(v_changes, p_may_refuse);
end
$$;

comment on function private.reserve_posts(uuid[], timestamptz, boolean) is
  'Holds the price of scheduled posts and takes their places; 409 over-budget or day-full. The caller holds their lanes.';
