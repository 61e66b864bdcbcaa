-- Customers' own X apps: an X developer app of a workspace, through which its accounts can be
-- connected. Such an app has its own credits, its own daily cap and its own breaker.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Definer: called by definers; it must see rows of other workspaces to hide them alike.
create function private.require_x_app(p_x_app_id uuid, p_role text)
returns private.x_apps
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_app private.x_apps;
begin
  select * into v_app from private.x_apps where id = p_x_app_id and deleted_at is null;
  perform private.require_role(v_app.workspace_id, p_role);
  return v_app;
end
$$;

comment on function private.require_x_app(uuid, text) is
  'The X app, when the caller holds p_role in its workspace; 404 or 403 otherwise.';

create function private.x_app_document(p_app private.x_apps)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'id', p_app.id, 'workspace_id', p_app.workspace_id, 'name', p_app.name,
    'client_id', p_app.client_id, 'has_client_secret', p_app.encrypted_client_secret is not null,
    'posts_per_day', p_app.posts_per_day,
    'status', case when p_app.breaker_open_until > clock_timestamp() then 'blocked' else 'active' end,
    'status_detail',
    case when p_app.breaker_open_until > clock_timestamp() then p_app.breaker_reason end,
    'created_at', p_app.created_at, 'version', p_app.version
  );
$$;

comment on function private.x_app_document(private.x_apps) is
  'An X app as the API shows it: never with its secret.';

create function private.emit_x_app_event(p_app private.x_apps, p_type text)
returns void
language sql
set search_path = ''
as $$
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  values (
    p_app.workspace_id, p_type, 'x_app', p_app.id,
    jsonb_build_object('x_app_id', p_app.id, 'name', p_app.name)
  );
$$;

comment on function private.emit_x_app_event(private.x_apps, text) is
  'Writes one event about an X app in the running transaction.';

-- Client ids are public, so naming one proves nothing; an account that was connected through an app
-- does. Until then the app is whose owner comes next, and nobody can keep it from him. The deployment's
-- own has no client id here, and so never makes way.
create function private.make_way_for_x_app(p_workspace_id uuid, p_client_id text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_app private.x_apps;
begin
  -- Who comes at the same time waits, and finds what was registered.
  perform pg_advisory_xact_lock(hashtextextended('x-app:' || p_client_id, 0));
  -- Whoever connects an account through it is waited for, or waits and finds the app gone.
  select * into v_app from private.x_apps
  where client_id = p_client_id and deleted_at is null
  for update;
  if not found then
    return;
  elsif v_app.workspace_id = p_workspace_id then
    perform private.refuse(409, 'x-app-registered', 'This X app is registered in this workspace.',
      'Use it as it is, or change its secret with PATCH /x-apps/:id.');
  elsif exists (select from public.accounts where x_app_id = v_app.id) then
    perform private.refuse(409, 'x-app-registered', 'Another workspace uses this X app.',
      'If it is yours, ask the operator of this deployment to release it, naming its client id.');
  end if;

  update private.x_apps
  set deleted_at = now(), encrypted_client_secret = null, version = x_apps.version + 1
  where id = v_app.id;
  -- Who came next is no business of the workspace that loses it.
  insert into public.events (workspace_id, type, subject_type, subject_id, actor_type, actor_id, data)
  values (
    v_app.workspace_id, 'app.superseded', 'x_app', v_app.id, 'system', null,
    jsonb_build_object('x_app_id', v_app.id, 'name', v_app.name)
  );
end
$$;

comment on function private.make_way_for_x_app(uuid, text) is
  'Ends a registration through which no account was ever connected; 409 when one was, or when it is the workspace''s own.';

-- p_app: {id, name, client_id, posts_per_day?}. The id comes from our functions, because the secret
-- is sealed for it.
create function private.create_x_app(
  p_workspace_id uuid, p_app jsonb, p_encrypted_secret text
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_app private.x_apps;
begin
  perform private.require_role(p_workspace_id, 'admin');
  perform private.require_unsuspended(p_workspace_id);
  perform private.make_way_for_x_app(p_workspace_id, p_app ->> 'client_id');
  insert into private.x_apps (
    id, workspace_id, name, client_id, encrypted_client_secret, posts_per_day
  )
  values (
    (p_app ->> 'id')::uuid, p_workspace_id, p_app ->> 'name', p_app ->> 'client_id',
    p_encrypted_secret,
    case when p_app ? 'posts_per_day' then (p_app ->> 'posts_per_day')::int else 10000 end
  )
  returning * into v_app;
  perform private.emit_x_app_event(v_app, 'app.created');
  return private.x_app_document(v_app);
end
$$;

create function private.list_x_apps(p_workspace_id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid := coalesce(p_workspace_id, private.personal_workspace_id());
begin
  perform private.require_role(v_workspace_id, 'viewer');
  return (
    select coalesce(jsonb_agg(private.x_app_document(apps) order by apps.created_at, apps.id), '[]')
    from private.x_apps as apps
    where apps.workspace_id = v_workspace_id and apps.deleted_at is null
  );
end
$$;

create function private.get_x_app(p_x_app_id uuid)
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
  select private.x_app_document(private.require_x_app(p_x_app_id, 'viewer'));
$$;

-- p_changes may hold name and posts_per_day; p_encrypted_secret null keeps the secret.
create function private.update_x_app(
  p_x_app_id uuid, p_changes jsonb, p_encrypted_secret text, p_version int
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_app private.x_apps := private.require_x_app(p_x_app_id, 'admin');
begin
  -- Before the app, since those who hold lanes go on to lock their app.
  if p_encrypted_secret is not null then
    perform private.retry_refreshes(p_x_app_id);
  end if;
  select * into v_app from private.x_apps where id = p_x_app_id for no key update;
  perform private.require_version(v_app.version, p_version, 'app');
  update private.x_apps
  set
    name = coalesce(p_changes ->> 'name', x_apps.name),
    encrypted_client_secret = coalesce(p_encrypted_secret, x_apps.encrypted_client_secret),
    posts_per_day = case
      when p_changes ? 'posts_per_day' then (p_changes ->> 'posts_per_day')::int
      else x_apps.posts_per_day
    end,
    version = x_apps.version + 1
  where id = p_x_app_id
  returning * into v_app;
  v_app := private.reopen_capped_app(v_app);
  perform private.emit_x_app_event(v_app, 'app.changed');
  return private.x_app_document(v_app);
end
$$;

-- Disconnected accounts still name the app, so the row stays, without its secret: unless tokens are
-- still to be revoked with it.
create function private.delete_x_app(p_x_app_id uuid, p_version int)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_app private.x_apps := private.require_x_app(p_x_app_id, 'admin');
  v_account_ids text;
begin
  -- Whoever connects an account meanwhile waits, and then finds the app gone.
  select * into v_app from private.x_apps where id = p_x_app_id for update;
  perform private.require_version(v_app.version, p_version, 'app');
  select string_agg(connected.id::text, ', ') into v_account_ids
  from (
    select id from public.accounts
    where x_app_id = p_x_app_id and status <> 'disconnected'
    order by id
    limit 10
  ) as connected;
  if v_account_ids is not null then
    perform private.refuse(409, 'x-app-in-use',
      format('Accounts are connected through this app: %s.', v_account_ids),
      'Disconnect them first. Connected through another app they are new accounts, without the posts.');
  end if;

  update private.x_apps
  set deleted_at = now(), version = x_apps.version + 1
  where id = p_x_app_id
  returning * into v_app;
  perform private.forget_app_secrets();
  perform private.emit_x_app_event(v_app, 'app.deleted');
  return private.x_app_document(v_app);
end
$$;

create function private.forget_app_secrets()
returns void
language sql
set search_path = ''
as $$
  update private.x_apps as apps
  set encrypted_client_secret = null
  where apps.deleted_at is not null
    and apps.encrypted_client_secret is not null
    and not exists (
      select
      from private.token_revocations as revocations
      join public.accounts on accounts.id = revocations.account_id
      where accounts.x_app_id = apps.id
    );
$$;

comment on function private.forget_app_secrets() is
  'Destroys the secrets of deleted apps once no token has to be revoked with them any more.';

create function private.release_x_app(p_client_id text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_app private.x_apps;
begin
  -- Accounts before their lanes, as everywhere.
  perform from public.accounts
  where x_app_id in (select id from private.x_apps where client_id = p_client_id)
  order by id
  for no key update;
  -- Whoever settles what was sent holds a lane when it changes the app.
  perform private.lock_lanes(array(
    select accounts.id
    from private.x_apps as apps
    join public.accounts on accounts.x_app_id = apps.id
    where apps.client_id = p_client_id
  ));
  select * into strict v_app from private.x_apps
  where client_id = p_client_id and deleted_at is null
  for update;
  perform private.end_connection(connected.account)
  from (
    select accounts as account
    from public.accounts
    where x_app_id = v_app.id and status <> 'disconnected'
    order by id
  ) as connected;
  update private.x_apps
  set deleted_at = now(), version = x_apps.version + 1
  where id = v_app.id
  returning * into v_app;
  perform private.forget_app_secrets();
  perform private.emit_x_app_event(v_app, 'app.deleted');
end
$$;

comment on function private.release_x_app(text) is
  'An operator''s word that an X app is not whose it is registered for: disconnects its accounts and deletes it.';

-- What callers see ----------

create function public.create_x_app(p_workspace_id uuid, p_app jsonb, p_encrypted_secret text)
returns jsonb
language sql
set search_path = ''
as $$
  select private.create_x_app(p_workspace_id, p_app, p_encrypted_secret);
$$;

comment on function public.create_x_app(uuid, jsonb, text) is
  'Registers an X app of a workspace. Role admin. 409 when it is registered there, or accounts were connected through it elsewhere.';

create function public.list_x_apps(p_workspace_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select private.list_x_apps(p_workspace_id);
$$;

comment on function public.list_x_apps(uuid) is
  'X apps of a workspace (null: the personal one), oldest first. Role viewer.';

create function public.get_x_app(p_x_app_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select private.get_x_app(p_x_app_id);
$$;

comment on function public.get_x_app(uuid) is 'An X app of a workspace. Role viewer.';

create function public.update_x_app(
  p_x_app_id uuid, p_changes jsonb, p_encrypted_secret text default null,
  p_version int default null
)
returns jsonb
language sql
set search_path = ''
as $$
  select private.update_x_app(p_x_app_id, p_changes, p_encrypted_secret, p_version);
$$;

comment on function public.update_x_app(uuid, jsonb, text, int) is
  'Changes name, secret or posts_per_day of an X app; one that its cap blocks goes on at once when it is raised. Role admin. 412 when p_version is not the current one.';

create function public.delete_x_app(p_x_app_id uuid, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.delete_x_app(p_x_app_id, p_version);
$$;

comment on function public.delete_x_app(uuid, int) is
  'Removes an X app through which no account is connected any more. Role admin.';

grant execute on function
  private.create_x_app(uuid, jsonb, text),
  private.list_x_apps(uuid),
  private.get_x_app(uuid),
  private.update_x_app(uuid, jsonb, text, int),
  private.delete_x_app(uuid, int),
  public.create_x_app(uuid, jsonb, text),
  public.list_x_apps(uuid),
  public.get_x_app(uuid),
  public.update_x_app(uuid, jsonb, text, int),
  public.delete_x_app(uuid, int)
to authenticated;
