-- Billing: what people have subscribed to at Stripe, and the tier that gives them.
--
-- Stripe is the truth. An event is only a hint to read a subscription there; what was read is written
-- here unless a later reading was written before. A customer is linked to a user by us alone: an
-- e-mail address or metadata that Stripe reports proves nothing about who may have the tier.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.billing_customers (
  customer_id text primary key,
  user_id uuid not null references public.users (id) on delete cascade,
  linked_at timestamptz not null default clock_timestamp(),
  constraint billing_customers_id_known check (customer_id ~ '^cus_')
);

comment on table private.billing_customers is
  'Whose a customer of Stripe is. Written by whoever creates the customer, before anything is sold to them.';

-- Serves: "one customer per user", and the foreign key.
create unique index billing_customers_user_id_key on private.billing_customers (user_id);

create table private.subscriptions (
  subscription_id text primary key,
  -- Null until it was read for the first time.
  customer_id text,
  status text,
  tier text,
  -- Until when it gives its tier; infinite while it is paid for.
  entitled_until timestamptz not null default '-infinity',
  -- When it was first seen unpaid, while it is.
  past_due_since timestamptz,
  has_lapsed boolean not null default true,
  -- Readings begun, and the one that is written here.
  readings int not null default 0,
  reading int not null default 0,
  read_at timestamptz,
  -- Stripe's word; a new one gives nothing.
  constraint subscriptions_status_is_a_word check (status ~ '^[a-z_]+$'),
  constraint subscriptions_tier_known check (tier in ('pro', 'enterprise'))
);

comment on table private.subscriptions is 'A subscription at Stripe, as it was last read there.';

-- Serves: the tier of a user.
create index subscriptions_customer_id_idx on private.subscriptions (customer_id);
-- Serves: the tick, which ends grace and paid periods.
create index subscriptions_entitled_until_idx
  on private.subscriptions (entitled_until) where not has_lapsed;

create table private.disputes (
  dispute_id text primary key,
  customer_id text,
  status text not null,
  reason text,
  amount bigint,
  currency text,
  read_at timestamptz not null,
  constraint disputes_status_is_a_word check (status ~ '^[a-z_]+$')
);

comment on table private.disputes is 'A payment somebody disputes, as it was last read at Stripe.';

-- Serves: whether a customer disputes something.
create index disputes_customer_id_idx on private.disputes (customer_id);

alter table private.billing_customers enable row level security;
alter table private.subscriptions enable row level security;
alter table private.disputes enable row level security;

create function private.tier_rank(p_tier text)
returns int
language sql
immutable
set search_path = ''
as $$
  select coalesce(array_position(array['free', 'pro', 'enterprise'], p_tier), 0);
$$;

comment on function private.tier_rank(text) is 'free 1, pro 2, enterprise 3; 0 for none.';

-- The one place that changes users.subscription_tier. Users without a customer keep what an operator
-- gave them.
create function private.refresh_tiers(p_user_ids uuid[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- One after the other: the second sees what the first has written.
  perform from public.users where id = any (p_user_ids) order by id for no key update;
  with entitled as (
    select
      customers.user_id,
      coalesce(
        (array_agg(subscriptions.tier order by private.tier_rank(subscriptions.tier) desc)
          filter (where subscriptions.entitled_until > p_now and subscriptions.tier is not null))[1],
        'free'
      ) as tier
    from private.billing_customers as customers
    left join private.subscriptions on subscriptions.customer_id = customers.customer_id
    where customers.user_id = any (p_user_ids)
    group by customers.user_id
  ), changed as (
    update public.users
    set subscription_tier = entitled.tier
    from entitled
    join public.users as before on before.id = entitled.user_id
    where users.id = entitled.user_id and users.subscription_tier <> entitled.tier
    returning users.id, entitled.tier, before.subscription_tier as previous
  )
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  select
    workspaces.id, 'workspace.tier_changed', 'workspace', workspaces.id,
    jsonb_build_object('workspace_id', workspaces.id, 'tier', changed.tier, 'previous', changed.previous)
  from changed
  join public.workspaces on workspaces.owner_id = changed.id;
end
$$;

comment on function private.refresh_tiers(uuid[], timestamptz) is
  'Gives users the best tier they are entitled to, and says so in every workspace they own.';

create function private.refresh_customer(p_customer_id text, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_user_id uuid := (
    select user_id from private.billing_customers where customer_id = p_customer_id
  );
begin
  if v_user_id is not null then
    perform private.clear_alert('billing-unlinked', p_customer_id);
    perform private.refresh_tiers(array[v_user_id], p_now);
  elsif exists (
    select from private.subscriptions
    where customer_id = p_customer_id and tier is not null and entitled_until > p_now
  ) then
    perform private.raise_alert('billing-unlinked', p_customer_id,
      'Somebody pays and no user is linked to the customer.',
      'Find out who it is; then select service.link_billing_customer(user id, customer id).', p_now);
  end if;
end
$$;

comment on function private.refresh_customer(text, timestamptz) is
  'The tier of whoever the customer is; an alert when a customer pays whom nobody knows.';

-- For whoever creates the customer at Stripe on behalf of a signed-in user, and for operators.
create function service.link_billing_customer(
  p_user_id uuid, p_customer_id text, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
begin
  insert into private.billing_customers (customer_id, user_id, linked_at)
  values (p_customer_id, p_user_id, p_now)
  on conflict do nothing;
  if not exists (
    select from private.billing_customers
    where customer_id = p_customer_id and user_id = p_user_id
  ) then
    perform private.refuse(409, 'billing-customer-linked',
      'The user has another customer, or the customer another user.',
      'Delete the row of private.billing_customers that is wrong.');
  end if;
  perform private.refresh_customer(p_customer_id, p_now);
  return jsonb_build_object(
    'user_id', p_user_id,
    'tier', (select subscription_tier from public.users where id = p_user_id)
  );
end
$$;

comment on function service.link_billing_customer(uuid, text, timestamptz) is
  'Says whose a customer of Stripe is; the user gets the tier the customer has paid for. Safe to repeat.';

-- Two workers may read one subscription at once. The one that began later knows more, whoever writes first.
create function service.begin_reading(p_subscription_id text)
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  insert into private.subscriptions as subscriptions (subscription_id, readings)
  values (p_subscription_id, 1)
  on conflict (subscription_id) do update set readings = subscriptions.readings + 1
  returning to_jsonb(readings);
$$;

comment on function service.begin_reading(text) is
  'A subscription is about to be read at Stripe; returns the number of the reading.';

-- Active and trialing are entitled until Stripe says otherwise. Unpaid has its grace, canceled what
-- was paid for; everything else (incomplete, paused) gives nothing.
create function private.entitlement_end(
  p_status text, p_past_due_since timestamptz, p_paid_until timestamptz, p_grace interval
)
returns timestamptz
language sql
immutable
set search_path = ''
as $$
  select case p_status
    when 'active' then 'infinity'
    when 'trialing' then 'infinity'
    when 'past_due' then p_past_due_since + p_grace
    when 'unpaid' then p_past_due_since + p_grace
    when 'canceled' then coalesce(p_paid_until, '-infinity')
    else '-infinity'
  end::timestamptz;
$$;

comment on function private.entitlement_end(text, timestamptz, timestamptz, interval) is
  'Until when a subscription in this state gives its tier.';

-- p_subscription: {subscription_id, customer_id, status, tier, paid_until}, as read.
create function service.save_subscription(
  p_receipt_id uuid, p_lease_id uuid, p_reading int, p_subscription jsonb, p_grace interval,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_status text := p_subscription ->> 'status';
  v_saved private.subscriptions;
begin
  update private.subscriptions
  set
    customer_id = p_subscription ->> 'customer_id',
    status = v_status,
    tier = p_subscription ->> 'tier',
    past_due_since = case
      when v_status in ('past_due', 'unpaid') then coalesce(past_due_since, p_now)
    end,
    entitled_until = private.entitlement_end(
      v_status, coalesce(past_due_since, p_now), (p_subscription ->> 'paid_until')::timestamptz,
      p_grace
    ),
    has_lapsed = false,
    reading = p_reading,
    read_at = p_now
  where subscription_id = p_subscription ->> 'subscription_id' and reading < p_reading
  returning * into v_saved;
  if v_saved.customer_id is not null then
    perform private.refresh_customer(v_saved.customer_id, p_now);
  end if;
  perform private.finish_receipt(p_receipt_id, p_lease_id, 'applied', null, p_now);
  return jsonb_build_object('saved', v_saved.subscription_id is not null);
end
$$;

comment on function service.save_subscription(uuid, uuid, int, jsonb, interval, timestamptz) is
  'What Stripe says of a subscription now. {saved} is false when a later reading was written before.';

-- p_dispute: {dispute_id, customer_id, status, reason, amount, currency}, as read.
create function service.save_dispute(
  p_receipt_id uuid, p_lease_id uuid, p_dispute jsonb, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_dispute private.disputes := jsonb_populate_record(null::private.disputes, p_dispute);
begin
  insert into private.disputes as disputes (
    dispute_id, customer_id, status, reason, amount, currency, read_at
  )
  values (
    v_dispute.dispute_id, v_dispute.customer_id, v_dispute.status, v_dispute.reason,
    v_dispute.amount, v_dispute.currency, p_now
  )
  on conflict (dispute_id) do update
  set status = excluded.status, customer_id = excluded.customer_id, read_at = excluded.read_at;

  if v_dispute.status in ('won', 'warning_closed') then
    perform private.clear_alert('payment-disputed', v_dispute.dispute_id);
  else
    perform private.raise_alert('payment-disputed', v_dispute.dispute_id,
      format('Customer %s disputes a payment (%s): %s.', v_dispute.customer_id, v_dispute.reason,
        v_dispute.status),
      'Answer it in Stripe''s dashboard. The tier stays until the subscription ends.', p_now);
  end if;
  perform private.finish_receipt(p_receipt_id, p_lease_id, 'applied', null, p_now);
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.save_dispute(uuid, uuid, jsonb, timestamptz) is
  'What Stripe says of a dispute now; the alert payment-disputed stays until it is won.';

-- Grace and paid periods end without an event.
create function private.billing_tick(p_now timestamptz default clock_timestamp())
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_user_ids uuid[];
begin
  with lapsed as (
    update private.subscriptions
    set has_lapsed = true
    where not has_lapsed and entitled_until <= p_now
    returning customer_id
  )
  select coalesce(array_agg(distinct customers.user_id), '{}')
  into v_user_ids
  from lapsed
  join private.billing_customers as customers on customers.customer_id = lapsed.customer_id;

  perform private.refresh_tiers(v_user_ids, p_now);
  return cardinality(v_user_ids);
end
$$;

comment on function private.billing_tick(timestamptz) is
  'Ends the tier of subscriptions whose grace or paid period is over. Returns how many users that may concern.';
