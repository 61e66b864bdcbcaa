-- Settling spend: the events of a post settle its holds.
--
-- What X has although nothing was held for it is recorded, too: X bills it.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
