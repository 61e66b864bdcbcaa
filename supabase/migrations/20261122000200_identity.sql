-- Users, workspaces and memberships: who may see and change what.
--
-- Every user has one personal workspace from sign-up on, so a single user never meets the word.
-- Everything else in the system belongs to a workspace; its limits are those of its owner's tier.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.users (
  id uuid primary key references auth.users (id) on delete cascade,
  email text not null,
  created_at timestamptz not null default now(),
  subscription_tier text not null default 'free',
  settings jsonb not null default '{}',
  constraint users_email_key unique (email),
  constraint users_subscription_tier_known check (subscription_tier in ('free', 'pro', 'enterprise')),
  constraint users_settings_is_object check (jsonb_typeof(settings) = 'object'),
  constraint users_settings_within_8_kb check (octet_length(settings::text) <= 8192)
);

comment on table public.users is 'A person. One row per auth.users row, made at sign-up.';
comment on column public.users.settings is 'The person''s own preferences: whatever object they like, of at most 8 kB.';

create table public.workspaces (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references public.users (id) on delete cascade,
  name text not null,
  is_personal boolean not null default false,
  -- Whether a text post that X provably does not have may be sent again without asking a person.
  resend_when_absent boolean not null default true,
  -- Its members stopped publishing.
  paused_at timestamptz,
  -- The operator's kill switch: nothing is sent and nothing new is written.
  suspended_at timestamptz,
  suspended_reason text,
  created_at timestamptz not null default now(),
  version int not null default 1,
  constraint workspaces_name_length check (char_length(name) between 1 and 100),
  constraint workspaces_suspended_iff_reason
    check ((suspended_at is null) = (suspended_reason is null))
);

comment on table public.workspaces is 'The unit of sharing, billing and placement.';

-- Serves: the personal workspace of a user, and the promise that there is one at most.
create unique index workspaces_personal_key on public.workspaces (owner_id) where is_personal;
-- Serves: the foreign key to users.
create index workspaces_owner_id_idx on public.workspaces (owner_id);

create table public.workspace_members (
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null references public.users (id) on delete cascade,
  role text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, user_id),
  constraint workspace_members_role_known check (role in ('owner', 'admin', 'editor', 'viewer'))
);

comment on table public.workspace_members is
  'Who belongs to a workspace, as what. Roles include the rights of those after them: owner, admin, editor, viewer.';

-- Serves: private.workspace_ids(), which every policy calls.
create index workspace_members_user_id_idx
  on public.workspace_members (user_id) include (workspace_id, role);

-- Definer: membership cannot be read through policies that themselves depend on membership.
create function private.workspace_ids()
returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
  select members.workspace_id
  from public.workspace_members as members
  where members.user_id = (select auth.uid());
$$;

comment on function private.workspace_ids() is
  'The workspaces the caller is a member of. Policies read it once per statement.';

create function private.role_rank(p_role text)
returns int
language sql
immutable
parallel safe
set search_path = ''
as $$
  select array_position(array['viewer', 'editor', 'admin', 'owner'], p_role);
$$;

comment on function private.role_rank(text) is 'viewer 1 … owner 4; null for an unknown role.';

-- Definer: it reads memberships, and is called first by every definer that changes a workspace.
create function private.require_role(p_workspace_id uuid, p_role text)
returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_role text;
begin
  select members.role into v_role
  from public.workspace_members as members
  where members.workspace_id = p_workspace_id
    and members.user_id = (select auth.uid());

  if v_role is null then
    perform private.refuse(404, 'not-found', 'No such resource, or it is not yours to see.',
      'Check the id, and the Workspace-Id header when the path names no resource.');
  -- A role nobody can have is never enough.
  elsif (private.role_rank(v_role) >= private.role_rank(p_role)) is not true then
    perform private.refuse(
      403, 'role-required',
      format('This needs the role %s in the workspace; you are %s.', p_role, v_role),
      'Ask an owner or admin of the workspace for the role.'
    );
  end if;
end
$$;

comment on function private.require_role(uuid, text) is
  'Refuses unless the caller holds at least p_role: 404 to strangers, 403 to members with less.';

-- Optimistic concurrency: null means the caller did not send If-Match.
create function private.require_version(p_current int, p_expected int, p_subject text)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
  if p_expected <> p_current then
    perform private.refuse(
      412, 'version-mismatch', format('The %s has changed since you read it.', p_subject),
      'Read it again and repeat the change with its new ETag.'
    );
  end if;
end
$$;

comment on function private.require_version(int, int, text) is
  'Refuses with 412 when p_expected is given and is not p_current.';

-- Definer: the caller's personal workspace is needed before any policy can be asked.
create function private.personal_workspace_id()
returns uuid
language sql
stable
security definer
set search_path = ''
as $$
  select workspaces.id
  from public.workspaces
  where workspaces.owner_id = (select auth.uid())
    and workspaces.is_personal;
$$;

comment on function private.personal_workspace_id() is
  'The workspace of a request that names none.';

grant execute on function private.workspace_ids() to authenticated;
grant execute on function private.require_role(uuid, text) to authenticated;
grant execute on function private.personal_workspace_id() to authenticated;

alter table public.users enable row level security;
alter table public.workspaces enable row level security;
alter table public.workspace_members enable row level security;

grant select on public.users, public.workspaces, public.workspace_members to authenticated;
grant select on public.users, public.workspaces, public.workspace_members to service_role;

create policy "people can read their own profile"
  on public.users for select to authenticated
  using (id = (select auth.uid()));

create policy "members can read their workspaces"
  on public.workspaces for select to authenticated
  using (id = any (array(select private.workspace_ids())));

create policy "members can read who else is a member"
  on public.workspace_members for select to authenticated
  using (workspace_id = any (array(select private.workspace_ids())));

-- Definer: sign-up happens as the auth service, which may not write our tables.
create function private.tg_users__create_profile()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
begin
  -- An account without an e-mail address (anonymous, phone) still needs a unique one here.
  insert into public.users (id, email)
  values (new.id, coalesce(nullif(new.email, ''), new.id || '@users.invalid'));

  insert into public.workspaces (owner_id, name, is_personal)
  values (new.id, 'Personal', true)
  returning id into v_workspace_id;

  insert into public.workspace_members (workspace_id, user_id, role)
  values (v_workspace_id, new.id, 'owner');
  return new;
end
$$;

create function private.tg_users__follow_email()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  update public.users
  set email = coalesce(nullif(new.email, ''), new.id || '@users.invalid')
  where users.id = new.id;
  return new;
end
$$;

create trigger users_after_insert_create_profile
  after insert on auth.users
  for each row execute function private.tg_users__create_profile();

create trigger users_after_update_follow_email
  after update of email on auth.users
  for each row when (old.email is distinct from new.email)
  execute function private.tg_users__follow_email();

-- Definer: authenticated holds no update on users. A caller changes only their own row.
create function private.update_me(p_settings jsonb)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_user public.users;
begin
  perform private.require_role(private.personal_workspace_id(), 'owner');

  -- Keys set to null are removed, the others are merged.
  update public.users
  set settings = jsonb_strip_nulls(users.settings || p_settings)
  where users.id = (select auth.uid())
  returning * into v_user;
  return to_jsonb(v_user);
exception
  when check_violation then
    perform private.refuse(422, 'settings-invalid', 'Settings must be an object of at most 8 kB.',
      'Remove keys you do not need by sending them as null.');
end
$$;

create function public.update_me(p_settings jsonb)
returns jsonb
language sql
set search_path = ''
as $$
  select private.update_me(p_settings);
$$;

comment on function public.update_me(jsonb) is
  'Merges p_settings into the caller''s settings (null removes a key). Returns the user.';

grant execute on function private.update_me(jsonb) to authenticated;
grant execute on function public.update_me(jsonb) to authenticated;
