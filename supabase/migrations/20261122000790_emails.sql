-- E-mails: what people must learn who look at nothing.
--
-- One row per recipient, written with the change it tells of. A worker hands them to the
-- deployment's e-mail hook, at least once, under the row's id; where no hook is connected they go.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.emails (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null references public.users (id) on delete cascade,
  kind text not null,
  data jsonb not null,
  -- When to hand it over next; while a worker does, when its lease lapses.
  run_at timestamptz not null default clock_timestamp(),
  failure_count smallint not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  constraint emails_kind_dotted check (kind ~ '^[a-z_]+\.[a-z_]+$')
);

comment on table private.emails is 'E-mails still to be handed to the e-mail hook.';

-- Serves: claim_emails and email_tick.
create index emails_run_at_idx on private.emails (run_at);
-- Serves: the foreign keys.
create index emails_workspace_id_idx on private.emails (workspace_id);
create index emails_user_id_idx on private.emails (user_id);

alter table private.emails enable row level security;

insert into private.doorbells (slug) values ('deliver/emails');

create function service.claim_emails(
  p_is_connected boolean, p_limit int default 50, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_emails jsonb;
begin
  if not p_is_connected then
    delete from private.emails where run_at <= p_now;
    return '[]';
  end if;
  with due as (
    select id from private.emails
    where run_at <= p_now
    order by run_at
    limit p_limit
    for update skip locked
  ), leased as (
    update private.emails
    set run_at = p_now + interval '1 minute'
    from due
    where emails.id = due.id
    returning emails.*
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', leased.id, 'kind', leased.kind, 'data', leased.data, 'created_at', leased.created_at,
    'failure_count', leased.failure_count, 'user_id', leased.user_id, 'to', users.email,
    'workspace', jsonb_build_object('id', workspaces.id, 'name', workspaces.name)
  ) order by leased.created_at, leased.id), '[]')
  into v_emails
  from leased
  join public.users on users.id = leased.user_id
  join public.workspaces on workspaces.id = leased.workspace_id;
  return v_emails;
end
$$;

comment on function service.claim_emails(boolean, int, timestamptz) is
  'Leases due e-mails for a minute: [{id, kind, to, user_id, workspace, data, failure_count, created_at}]. Without a hook they are deleted.';

create function service.settle_emails(
  p_results jsonb, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
begin
  with results as (
    select * from jsonb_to_recordset(p_results) as results (id uuid, retry_after_ms bigint)
  ), postponed as (
    update private.emails
    set
      run_at = p_now + results.retry_after_ms * interval '1 millisecond',
      failure_count = emails.failure_count + 1
    from results
    where emails.id = results.id and results.retry_after_ms is not null
  )
  delete from private.emails
  using results
  where emails.id = results.id and results.retry_after_ms is null;
  return jsonb_build_object('now', p_now);
end
$$;

comment on function service.settle_emails(jsonb, timestamptz) is
  'Ends e-mails that were handed over or given up, and postpones others: [{id, retry_after_ms: null ends}].';

create function private.email_tick(p_now timestamptz default clock_timestamp())
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from private.emails where run_at <= p_now) then
    return private.ring('deliver/emails', 1, p_now);
  end if;
  return false;
end
$$;

comment on function private.email_tick(timestamptz) is 'Rings when an e-mail is to be handed over.';
