-- Breakers: X refuses an app as a whole, so all its accounts wait.
--
-- Workspaces whose posts wait are told. How the breaker closes again is the next file.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.app_notices (
  x_app_id uuid not null references private.x_apps (id) on delete cascade,
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  primary key (x_app_id, workspace_id)
);

comment on table private.app_notices is
  'Workspaces that were told app.blocked and are to be told app.unblocked.';

-- Serves: the foreign key to workspaces.
create index app_notices_workspace_id_idx on private.app_notices (workspace_id);

alter table private.app_notices enable row level security;

-- X refused a call of an account for its app as a whole.
create type private.app_block as (account_id uuid, until timestamptz, error jsonb);

-- One outage brings refusals by the hundred: the first of a minute speaks for the others. A refusal of
-- the app itself (who: app) names no end; only the next probe knows.
create function private.open_breakers(p_blocks private.app_block[], p_now timestamptz)
returns uuid[]
language sql
set search_path = ''
as $$
  with blocks as (
    select
      accounts.x_app_id, max(given.until) as until,
      bool_or(given.error ->> 'who' = 'app') as is_refused,
      array_agg(accounts.id) as account_ids,
      max(given.error ->> 'detail') as reason, max(given.error ->> 'remedy') as remedy
    from unnest(p_blocks) as given
    join public.accounts on accounts.id = given.account_id
    group by accounts.x_app_id
  ), opened as (
    update private.x_apps as apps
    set
      breaker_open_until = case when blocks.is_refused then 'infinity' else blocks.until end,
      breaker_reason = coalesce(blocks.reason, 'The X app has used up a rate window.'),
      breaker_remedy = coalesce(blocks.remedy, 'Nothing to do: sending goes on by itself.'),
      probe_at = case when blocks.is_refused then blocks.until end,
      probe_account_id = null,
      watch_at = p_now
    from blocks
    where apps.id = blocks.x_app_id
      and (
        apps.breaker_open_until < blocks.until - interval '1 minute'
        or blocks.is_refused and apps.probe_account_id = any (blocks.account_ids)
      )
    returning apps.id
  )
  select array_agg(id) from opened;
$$;

comment on function private.open_breakers(private.app_block[], timestamptz) is
  'Opens the breakers of apps by which X took nothing. Returns the apps whose breaker says more than before; null for none.';

create function private.stop_apps(p_blocks private.app_block[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_app_ids uuid[] := private.open_breakers(p_blocks, p_now);
begin
  if v_app_ids is null then
    return;
  end if;

  -- Lanes that somebody holds are left to him: Go refuses them and their release finds the breaker. When he is
  -- lost, the end of his lease has somebody else take and release them.
  update private.account_lanes as lanes
  set ready_at = free.breaker_open_until
  from (
    select lanes.account_id, apps.breaker_open_until
    from private.x_apps as apps
    join public.accounts on accounts.x_app_id = apps.id
    join private.account_lanes as lanes on lanes.account_id = accounts.id
    where apps.id = any (v_app_ids)
      and lanes.ready_at < apps.breaker_open_until
      and lanes.claim_id is null
    for update of lanes skip locked
  ) as free
  where lanes.account_id = free.account_id;
  perform private.raise_alert(
    'x-app-blocked', apps.id::text, apps.breaker_reason, apps.breaker_remedy, p_now
  )
  from private.x_apps as apps
  where apps.id = any (v_app_ids) and apps.workspace_id is null;
end
$$;

comment on function private.stop_apps(private.app_block[], timestamptz) is
  'Keeps all lanes of an app closed until X takes posts again. Only the deployment''s own app alerts the operator.';

create function private.block_apps(p_results private.attempt_result[], p_now timestamptz)
returns void
language sql
set search_path = ''
as $$
  select private.stop_apps(array(
    select row(posts.account_id, results.block_app_until, results.error)::private.app_block
    from unnest(p_results) as results
    join public.posts on posts.id = results.post_id
    where results.block_app_until is not null
  ), p_now);
$$;

comment on function private.block_apps(private.attempt_result[], timestamptz) is
  'Stops the apps for which X refused posts.';

-- Told once per outage, to whom something waits.
create function private.announce_block(p_app private.x_apps)
returns void
language sql
set search_path = ''
as $$
  with told as (
    insert into private.app_notices (x_app_id, workspace_id)
    select distinct p_app.id, accounts.workspace_id
    from public.accounts
    where accounts.x_app_id = p_app.id
      and exists (select from private.publish_jobs as jobs where jobs.account_id = accounts.id)
    on conflict do nothing
    returning workspace_id
  )
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  select
    told.workspace_id, 'app.blocked', 'x_app', p_app.id,
    jsonb_build_object(
      'x_app_id', p_app.id, 'detail', p_app.breaker_reason, 'remedy', p_app.breaker_remedy,
      'until', case when isfinite(p_app.breaker_open_until) then p_app.breaker_open_until end
    )
  from told;
$$;

comment on function private.announce_block(private.x_apps) is
  'Tells workspaces whose posts wait for an app that X lets it send nothing.';

create function private.announce_unblock(p_x_app_id uuid)
returns void
language sql
set search_path = ''
as $$
  with told as (
    delete from private.app_notices where x_app_id = p_x_app_id returning workspace_id
  )
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  select
    told.workspace_id, 'app.unblocked', 'x_app', p_x_app_id,
    jsonb_build_object('x_app_id', p_x_app_id)
  from told;
  select private.clear_alert('x-app-blocked', p_x_app_id::text);
$$;

comment on function private.announce_unblock(uuid) is
  'Tells those who were told that an app is blocked that it is not any more.';
