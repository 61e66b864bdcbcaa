-- Inbound: what providers tell us. Stored first, answered, processed after.
--
-- A provider sends an event twice, late and in any order. Whether it came before is decided by one
-- small table that spans all months, so a receipt is stored once; whoever processes it holds a
-- lease, and what an event changes commits together with the end of its lease.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.inbound_receipts (
  id uuid not null default private.uuid_v7(),
  provider text not null,
  event_id text not null,
  type text not null,
  -- As it was sent: what was signed.
  body text not null,
  outcome text,
  detail text,
  processed_at timestamptz,
  primary key (id),
  constraint inbound_receipts_outcome_known
    check (outcome in ('applied', 'ignored', 'unknown', 'failed')),
  constraint inbound_receipts_processed_iff_outcome
    check ((processed_at is null) = (outcome is null))
) partition by range (id);

comment on table private.inbound_receipts is
  'An event a provider sent us, word for word, and what became of it. Partitioned by month of arrival.';
comment on column private.inbound_receipts.outcome is
  'applied: it changed something or told what we knew; ignored: not about anything of ours; unknown: a type nobody handles; failed: given up after a day.';

create table private.inbound_events (
  provider text not null,
  event_id text not null,
  receipt_id uuid not null,
  -- When it may be taken; the end of the lease while somebody has it; infinite once processed.
  run_at timestamptz not null,
  lease_id uuid,
  try_count int not null default 0,
  primary key (provider, event_id),
  constraint inbound_events_provider_known check (provider in ('x', 'stripe')),
  constraint inbound_events_done_has_no_lease check (lease_id is null or run_at < 'infinity')
);

comment on table private.inbound_events is
  'That an event came, across all months, and until it is processed its place in the queue.';

-- Serves: claim_inbound and the tick.
create index inbound_events_run_at_idx on private.inbound_events (run_at) where run_at < 'infinity';
-- Serves: the end of a lease, and forgetting old events.
create index inbound_events_receipt_id_idx on private.inbound_events (receipt_id);

alter table private.inbound_receipts enable row level security;
alter table private.inbound_events enable row level security;

insert into private.partition_policies (parent, fillfactor)
values ('private.inbound_receipts', 90);
insert into private.doorbells (slug) values ('inbound');

-- p_receipts: [{provider, event_id, type, body}]. In the order of the key, so that two batches with
-- the same events wait for each other instead of locking each other out.
create function service.receive_inbound(
  p_receipts jsonb, p_now timestamptz default clock_timestamp()
)
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  with arrived as materialized (
    select distinct on (sent.provider, sent.event_id)
      private.uuid_v7(p_now) as id, sent.provider, sent.event_id, sent.type, sent.body
    from jsonb_to_recordset(p_receipts) as sent (
      provider text, event_id text, type text, body text
    )
    order by sent.provider, sent.event_id
  ), fresh as (
    insert into private.inbound_events (provider, event_id, receipt_id, run_at)
    select provider, event_id, id, p_now from arrived
    on conflict (provider, event_id) do nothing
    returning receipt_id
  ), stored as (
    insert into private.inbound_receipts (id, provider, event_id, type, body)
    select id, provider, event_id, type, body
    from arrived
    where id in (select receipt_id from fresh)
  )
  select jsonb_build_object('stored', (select count(*) from fresh));
$$;

comment on function service.receive_inbound(jsonb, timestamptz) is
  'Stores events ({provider, event_id, type, body}) that have not come before. {stored} counts them.';

create function private.next_inbound_in_ms(p_now timestamptz)
returns int
language sql
stable
set search_path = ''
as $$
  select (extract(epoch from least(run_at - p_now, interval '1 hour')) * 1000)::int
  from private.inbound_events
  where run_at < 'infinity'
  order by run_at
  limit 1;
$$;

comment on function private.next_inbound_in_ms(timestamptz) is
  'Until the next event may be taken; null when all are processed.';

create function service.claim_inbound(
  p_limit int default 50, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_receipts jsonb;
begin
  with due as (
    select provider, event_id
    from private.inbound_events
    where run_at <= p_now and run_at < 'infinity'
    order by run_at
    limit p_limit
    for update skip locked
  ), leased as (
    update private.inbound_events as events
    set
      lease_id = gen_random_uuid(),
      run_at = p_now + interval '60 seconds',
      try_count = events.try_count + 1
    from due
    where events.provider = due.provider and events.event_id = due.event_id
    returning events.receipt_id, events.lease_id
  )
  select jsonb_agg(jsonb_build_object(
    'receipt_id', leased.receipt_id, 'lease_id', leased.lease_id,
    'provider', receipts.provider, 'type', receipts.type, 'body', receipts.body
  ))
  into v_receipts
  from leased
  join private.inbound_receipts as receipts on receipts.id = leased.receipt_id;

  return jsonb_build_object(
    'receipts', coalesce(v_receipts, '[]'), 'next_in_ms', private.next_inbound_in_ms(p_now)
  );
end
$$;

comment on function service.claim_inbound(int, timestamptz) is
  'Events to process now, each leased for 60 s: {receipts: [{receipt_id, lease_id, provider, type, body}], next_in_ms}.';

-- Ends a lease for good. False when the caller does not hold it: then whatever it meant to change
-- has been changed by another, or will be.
create function private.finish_receipt(
  p_receipt_id uuid, p_lease_id uuid, p_outcome text, p_detail text, p_now timestamptz
)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  update private.inbound_events
  set run_at = 'infinity', lease_id = null
  where receipt_id = p_receipt_id and lease_id = p_lease_id;
  if not found then
    return false;
  end if;
  update private.inbound_receipts
  set outcome = p_outcome, detail = p_detail, processed_at = p_now
  where id = p_receipt_id;
  return true;
end
$$;

comment on function private.finish_receipt(uuid, uuid, text, text, timestamptz) is
  'Processed: true for the holder of the lease, once. Called in the transaction of what the event changes.';

create function service.finish_inbound(
  p_receipt_id uuid, p_lease_id uuid, p_outcome text, p_detail text default null,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  select jsonb_build_object(
    'finished', private.finish_receipt(p_receipt_id, p_lease_id, p_outcome, p_detail, p_now)
  );
$$;

comment on function service.finish_inbound(uuid, uuid, text, text, timestamptz) is
  'An event that changes nothing is processed.';

-- Later is after 0.25 s, 0.5 s, 1 s … an hour, for a day. p_error null: it was too early, nothing is wrong.
create function private.postpone_receipt(
  p_receipt_id uuid, p_lease_id uuid, p_error text, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if private.uuid_v7_time(p_receipt_id) > p_now - interval '1 day' then
    update private.inbound_events
    set
      lease_id = null,
      run_at = p_now + least(interval '250 milliseconds' * 2 ^ least(try_count - 1, 14), interval '1 hour')
    where receipt_id = p_receipt_id and lease_id = p_lease_id;
    if found then
      update private.inbound_receipts set detail = p_error where id = p_receipt_id;
    end if;
  elsif p_error is null then
    perform private.finish_receipt(p_receipt_id, p_lease_id, 'ignored', null, p_now);
  elsif private.finish_receipt(p_receipt_id, p_lease_id, 'failed', p_error, p_now) then
    perform private.raise_alert('inbound-failed', p_receipt_id::text, p_error,
      'Read the row of private.inbound_receipts; select private.retry_inbound(its id) processes it again.',
      p_now);
  end if;
end
$$;

comment on function private.postpone_receipt(uuid, uuid, text, timestamptz) is
  'Gives an event back to be taken later; one of yesterday is given up.';

create function service.postpone_inbound(
  p_receipt_id uuid, p_lease_id uuid, p_error text default null,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
begin
  perform private.postpone_receipt(p_receipt_id, p_lease_id, p_error, p_now);
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.postpone_inbound(uuid, uuid, text, timestamptz) is
  'An event could not be processed now: why, or null when it was only too early.';

-- Operator verb.
create function private.retry_inbound(p_receipt_id uuid)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  update private.inbound_events
  set run_at = clock_timestamp(), try_count = 0
  where receipt_id = p_receipt_id and run_at = 'infinity';
  if not found then
    return false;
  end if;
  update private.inbound_receipts
  set outcome = null, detail = null, processed_at = null
  where id = p_receipt_id;
  perform private.clear_alert('inbound-failed', p_receipt_id::text);
  return true;
end
$$;

comment on function private.retry_inbound(uuid) is
  'Processes an event again, of a type that is handled now say. For operators; false when it is still waiting.';

create function private.inbound_summary(p_since interval default '7 days')
returns table (provider text, type text, outcome text, events bigint, last_at timestamptz)
language sql
stable
set search_path = ''
as $$
  select
    receipts.provider, receipts.type, coalesce(receipts.outcome, 'waiting'), count(*),
    max(private.uuid_v7_time(receipts.id))
  from private.inbound_receipts as receipts
  where receipts.id >= private.uuid_v7_floor(clock_timestamp() - p_since)
  group by 1, 2, 3
  order by 1, 2, 3;
$$;

comment on function private.inbound_summary(interval) is
  'What came in lately, by type and outcome. For operators: unknown types show here.';

-- A key must outlive every second delivery: providers repeat for three days, X replays one day.
create function private.forget_inbound(p_now timestamptz default clock_timestamp())
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_forgotten int;
begin
  delete from private.inbound_events
  where receipt_id < private.uuid_v7_floor(p_now - interval '100 days') and run_at = 'infinity';
  get diagnostics v_forgotten = row_count;
  return v_forgotten;
end
$$;

comment on function private.forget_inbound(timestamptz) is
  'Forgets that events came a hundred days ago. Returns how many.';

select private.create_leaves_ahead();
