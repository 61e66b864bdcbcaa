-- Money and places: what scheduled posts will cost, and how many an X app may send on a day.
--
-- Scheduling takes a hold: the price of every segment, counted against the month in which the post
-- is due, and a place for every segment on its day (UTC) of its X app. A hold lasts as long as the
-- post will be sent by itself. It is settled by what X accepted, and the rest is released:
--
--   a post that ended:            held = settled + released
--   a workspace and a month:      committed = sum(held - released) of its holds
--   an app and a day:             taken = sum(places) of the holds
--
-- Publishing itself changes neither budget nor day: settling moves money within a hold. So what is
-- due at one instant waits for no row that all posts of a workspace share.
-- Locks: lanes, posts, jobs, then budgets, then days.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.prices (
  action text primary key,
  micros bigint not null,
  constraint prices_action_known check (
    action in ('post', 'post_with_url', 'delete', 'post_read', 'user_read', 'event', 'alt_text')
  ),
  constraint prices_not_negative check (micros >= 0)
);

comment on table private.prices is
  'What X bills, in millionths of a US dollar. X changes its prices; the operator follows here.';

insert into private.prices (action, micros)
values
  ('post', 15000), ('post_with_url', 200000), ('delete', 10000), ('post_read', 5000),
  ('user_read', 10000), ('event', 5000), ('alt_text', 5000);

create table private.budgets (
  workspace_id uuid primary key references public.workspaces (id) on delete cascade,
  -- Per calendar month (UTC), in millionths of a US dollar. Null: no limit.
  limit_micros bigint,
  -- Since when its lanes are closed, because more is committed than the limit allows.
  stopped_at timestamptz,
  -- When the tick judges it again: at the turn of a month, or because money came back.
  judge_at timestamptz not null default 'infinity',
  version int not null default 1,
  constraint budgets_limit_not_negative check (limit_micros >= 0)
);

comment on table private.budgets is 'What a workspace may spend in a month. No row: no limit.';

-- Serves: the tick.
create index budgets_judge_at_idx on private.budgets (judge_at) where judge_at < 'infinity';

create table private.budget_months (
  -- No key to workspaces: settling must not stop at the posts of a deleted one.
  workspace_id uuid not null,
  month date not null,
  committed bigint not null default 0,
  -- Beside posts: deletions, reads and what else X billed. See network_costs.
  costs bigint not null default 0,
  primary key (workspace_id, month),
  constraint budget_months_month_is_first check (extract(day from month) = 1)
) with (fillfactor = 50);

comment on table private.budget_months is
  'What a workspace has spent and still holds for the posts of a month, and what else X billed in it, in millionths of a US dollar.';

create table private.app_days (
  x_app_id uuid not null references private.x_apps (id) on delete cascade,
  day date not null,
  taken int not null,
  primary key (x_app_id, day)
) with (fillfactor = 50);

comment on table private.app_days is
  'How many places of a day (UTC) of an X app are taken, whether it has a cap or not.';

create table private.spend_ledger (
  post_id uuid not null,
  workspace_id uuid not null,
  x_app_id uuid not null,
  held bigint not null,
  settled bigint not null default 0,
  released bigint not null default 0,
  -- UTC. Its month is the month whose budget the hold counts against.
  day date not null,
  number smallint not null,
  -- Places it has on that day.
  places smallint not null,
  is_open boolean not null default true,
  -- Price of each segment in order; 0 for those it does not pay for: they were on the network
  -- before, or were not sent in the end.
  prices bigint[] not null,
  primary key (post_id, number),
  constraint spend_ledger_amounts_not_negative check (least(held, settled, released) >= 0),
  constraint spend_ledger_within_hold check (settled + released <= held),
  constraint spend_ledger_ended_adds_up check (is_open or settled + released = held)
) partition by range (post_id);

comment on table private.spend_ledger is
  'Holds: money kept for a post from its scheduling until X took it or it will not be sent. A post that is moved, edited or tried again gets another one. Partitioned like posts.';

alter table private.prices enable row level security;
alter table private.budgets enable row level security;
alter table private.budget_months enable row level security;
alter table private.app_days enable row level security;
alter table private.spend_ledger enable row level security;

insert into private.partition_policies (parent, owner, owner_column, fillfactor)
values ('private.spend_ledger', 'public.posts', 'post_id', 60);

-- What a change of holds means for budgets and days; negative where something is given back.
create type private.hold_change as (
  workspace_id uuid,
  x_app_id uuid,
  day date,
  amount bigint,
  places int
);

create function private.usd(p_micros bigint)
returns text
language sql
immutable
set search_path = ''
as $$
  select case when p_micros < 0 then '-' else '' end || '$' || abs(p_micros) / 1000000 || '.'
    || regexp_replace(lpad((abs(p_micros) % 1000000)::text, 6, '0'), '0{1,4}$', '');
$$;

comment on function private.usd(bigint) is 'An amount for people: 15000 is $0.015.';

create function private.month_of(p_day date)
returns date
language sql
immutable
set search_path = ''
as $$
  select p_day - (extract(day from p_day)::int - 1);
$$;

comment on function private.month_of(date) is 'First day of the month of p_day.';

-- Changing budgets and days ----------

create function private.over_budget(p_needed bigint, p_left bigint, p_limit bigint, p_month date)
returns private.notice
language sql
stable
set search_path = ''
as $$
  select
    409, '/scheduled_at', 'over-budget',
    format(
      'This needs %s, and %s of the workspace''s %s for %s is left.',
      private.usd(p_needed), private.usd(greatest(p_left, 0)), private.usd(p_limit),
      to_char(p_month, 'YYYY-MM')
    ),
    'Keep it as a draft, take out what X bills dearly (URLs), unschedule other posts, or have an admin raise the budget with PATCH /workspaces/:id/budget.';
$$;

comment on function private.over_budget(bigint, bigint, bigint, date) is
  'What somebody is told whose post the budget of a month does not pay for.';

-- What changes add to each month they concern.
create function private.month_changes(p_changes private.hold_change[])
returns table (workspace_id uuid, month date, amount bigint)
language sql
immutable
set search_path = ''
as $$
  select workspace_id, private.month_of(day), sum(amount)::bigint
  from unnest(p_changes)
  group by 1, 2
  having sum(amount) <> 0;
$$;

comment on function private.month_changes(private.hold_change[]) is
  'Changes of holds by workspace and month; none where they even out.';

-- The row of a month is locked by its first change, so what is compared with the limit is what
-- everybody before has committed, and no cost is folded meanwhile. Only what asks for more can be refused.
create function private.charge_budgets(
  p_changes private.hold_change[], p_may_refuse boolean default true
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  with charged as (
    insert into private.budget_months as months (workspace_id, month, committed)
    select workspace_id, month, amount
    from private.month_changes(p_changes)
    order by workspace_id, month
    on conflict (workspace_id, month) do update
    set committed = months.committed + excluded.committed
  )
  update private.budgets
  set judge_at = '-infinity'
  from private.month_changes(p_changes) as changes
  where budgets.workspace_id = changes.workspace_id
    and budgets.limit_micros is not null
    and case when changes.amount < 0 then budgets.stopped_at is not null else not p_may_refuse end;

  if p_may_refuse then
    perform private.refuse_first(array(
      select private.over_budget(
        changes.amount, budgets.limit_micros - used.micros + changes.amount, budgets.limit_micros,
        changes.month
      )
      from private.month_changes(p_changes) as changes
      join private.budgets using (workspace_id)
      cross join lateral private.budget_used(changes.workspace_id, changes.month) as used (micros)
      where changes.amount > 0 and used.micros > budgets.limit_micros
    ));
  end if;
end
$$;

comment on function private.charge_budgets(private.hold_change[], boolean) is
  'Adds changes of holds to their months; 409 over-budget when more is asked for than is left. What may not be refused has the budget judged anew.';

create function private.next_free_day(p_x_app_id uuid, p_after date, p_places int)
returns date
language sql
stable
set search_path = ''
as $$
  select min(candidates.day)
  from (
    select (p_after + ahead) as day from generate_series(1, 366) as ahead
  ) as candidates
  join private.x_apps as apps on apps.id = p_x_app_id
  left join private.app_days as days
    on days.x_app_id = p_x_app_id and days.day = candidates.day
  where coalesce(days.taken, 0) + p_places <= apps.posts_per_day;
$$;

comment on function private.next_free_day(uuid, date, int) is
  'The first day after p_after on which an app has p_places left; null when there is none in a year.';

create function private.day_full(p_x_app_id uuid, p_day date, p_capacity int, p_needed int)
returns private.notice
language sql
stable
set search_path = ''
as $$
  select
    409, '/scheduled_at', 'day-full',
    format(
      'The X app may send %s posts on %s (UTC), and fewer than the %s needed are left.',
      p_capacity, p_day, p_needed
    ),
    format(
      'Choose a time from %s on, or connect the account through an X app of your own (POST /x-apps).',
      coalesce(
        private.next_free_day(p_x_app_id, p_day, p_needed) || 'T00:00:00Z',
        'a day more than a year ahead'
      )
    );
$$;

comment on function private.day_full(uuid, date, int, int) is
  'What somebody is told for whose post a day of an X app has no room.';

-- Apps without a cap are counted, too: a count that began with the cap would have to keep everybody
-- from scheduling while it is made, or miss who is scheduling at that moment.
create function private.take_places(
  p_changes private.hold_change[], p_may_refuse boolean default true
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_full private.notice[];
begin
  with sums as (
    select changes.x_app_id, changes.day, sum(changes.places)::int as places
    from unnest(p_changes) as changes
    -- An app that is gone with its workspace has no days any more.
    join private.x_apps as apps on apps.id = changes.x_app_id
    group by changes.x_app_id, changes.day
    having sum(changes.places) <> 0
  ), taken as (
    insert into private.app_days as days (x_app_id, day, taken)
    select x_app_id, day, places from sums order by x_app_id, day
    on conflict (x_app_id, day) do update
    set taken = days.taken + excluded.taken
    returning x_app_id, day, taken
  )
  select array_agg(
    private.day_full(taken.x_app_id, taken.day, apps.posts_per_day, sums.places)
  )
  into v_full
  from taken
  join sums using (x_app_id, day)
  join private.x_apps as apps on apps.id = taken.x_app_id
  where p_may_refuse and sums.places > 0 and taken.taken > apps.posts_per_day;
  perform private.refuse_first(v_full);
end
$$;

comment on function private.take_places(private.hold_change[], boolean) is
  'Takes and gives back places of app days; 409 day-full when more is asked for than is left.';

-- Holds ----------

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

-- What X has although nothing was held for it: a post that had been given up, and was found after
-- all. It was billed, whatever the limit says, so nothing is refused and the budget is judged anew.
create function private.record_unheld(p_post_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  with unpaid as (
    select
      segments.post_id, segments.position,
      case when exists (
        select from private.spend_ledger as ledger
        where ledger.post_id = segments.post_id
          and not ledger.is_open
          and ledger.prices[segments.position + 1] > 0
      ) then 0 else prices.micros end as price
    from public.post_segments as segments
    join private.prices
      on prices.action = case when segments.has_url then 'post_with_url' else 'post' end
    where segments.post_id = any (p_post_ids) and segments.status = 'published'
  ), recorded as (
    insert into private.spend_ledger (
      post_id, number, workspace_id, x_app_id, day, prices, places, held, settled, is_open
    )
    select
      posts.id,
      1 + (
        select coalesce(max(ledger.number), 0)
        from private.spend_ledger as ledger
        where ledger.post_id = posts.id
      ),
      posts.workspace_id, accounts.x_app_id, (posts.published_at at time zone 'UTC')::date,
      array_agg(unpaid.price order by unpaid.position), 0, sum(unpaid.price), sum(unpaid.price), false
    from unpaid
    join public.posts on posts.id = unpaid.post_id
    join public.accounts on accounts.id = posts.account_id
    where posts.id = any (p_post_ids)
    group by posts.id, posts.workspace_id, accounts.x_app_id, posts.published_at
    having sum(unpaid.price) > 0
    returning workspace_id, day, held
  ), charged as (
    insert into private.budget_months as months (workspace_id, month, committed)
    select workspace_id, private.month_of(day), sum(held)
    from recorded
    group by workspace_id, private.month_of(day)
    order by workspace_id, private.month_of(day)
    on conflict (workspace_id, month) do update
    set committed = months.committed + excluded.committed
    returning workspace_id
  )
  update private.budgets
  set judge_at = '-infinity'
  from charged
  where budgets.workspace_id = charged.workspace_id and budgets.limit_micros is not null;
end
$$;

comment on function private.record_unheld(uuid[]) is
  'Records what X bills for published posts beyond what was settled for them.';

create function private.settle_published(p_post_ids uuid[])
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_settled int;
begin
  update private.spend_ledger
  set settled = held, is_open = false
  where post_id = any (p_post_ids) and is_open and cardinality(prices) = 1;
  get diagnostics v_settled = row_count;
  if v_settled = cardinality(p_post_ids) then
    return;
  end if;

  perform private.give_back_holds(p_post_ids);
  perform private.record_unheld(p_post_ids);
end
$$;

comment on function private.settle_published(uuid[]) is
  'Settles the holds of posts that are on the network. A post of one segment costs one update.';

-- Definer: whoever ends a post, its hold ends.
create function private.tg_events__settle_spend()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_published uuid[];
  v_others uuid[];
begin
  select
    array_agg(subject_id) filter (where type = 'post.published'),
    array_agg(subject_id) filter (where type in (
      'post.partially_published', 'post.failed', 'post.held', 'post.missed', 'post.canceled',
      'post.unscheduled', 'post.updated', 'post.deleted'
    ))
  into v_published, v_others
  from new_events
  where subject_type = 'post';

  if v_published is not null then
    perform private.settle_published(v_published);
  end if;
  if v_others is not null then
    perform private.give_back_holds(v_others);
  end if;
  return null;
end
$$;

create trigger events_after_insert_settle_spend
  after insert on public.events
  referencing new table as new_events
  for each statement execute function private.tg_events__settle_spend();

select private.create_leaves_ahead();
