-- Pauses: workspaces that may publish nothing, because their members or the operator say so.
--
-- Pausing closes lanes for a reason and costs nothing per post: Go refuses every lane that is closed.
-- What comes due meanwhile is the business of each post's late policy.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function private.emit_workspace_event(p_workspace public.workspaces, p_type text)
returns void
language sql
set search_path = ''
as $$
  insert into public.events (workspace_id, type, subject_type, subject_id, data)
  values (
    p_workspace.id, p_type, 'workspace', p_workspace.id,
    jsonb_build_object(
      'workspace_id', p_workspace.id, 'paused_at', p_workspace.paused_at,
      'suspended_at', p_workspace.suspended_at, 'suspended_reason', p_workspace.suspended_reason
    )
  );
$$;

comment on function private.emit_workspace_event(public.workspaces, text) is
  'Writes one event about a workspace in the running transaction.';

-- The row of the workspace is locked before its lanes, and connecting an account waits for that
-- lock: no account slips in between.
create function private.lock_workspace(p_workspace_id uuid)
returns public.workspaces
language plpgsql
set search_path = ''
as $$
declare
  v_workspace public.workspaces;
begin
  select * into v_workspace from public.workspaces where id = p_workspace_id for no key update;
  return v_workspace;
end
$$;

comment on function private.lock_workspace(uuid) is 'The workspace, locked; nulls when there is none.';

create function private.lanes_of(p_workspace_id uuid)
returns uuid[]
language sql
stable
set search_path = ''
as $$
  select array(select id from public.accounts where workspace_id = p_workspace_id);
$$;

comment on function private.lanes_of(uuid) is 'The accounts of a workspace, as lanes.';

-- p_changes may hold name, paused (boolean) and resend_when_absent.
create function private.update_workspace(
  p_workspace_id uuid, p_changes jsonb, p_version int,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_before public.workspaces;
  v_workspace public.workspaces;
begin
  perform private.require_role(p_workspace_id, 'admin');
  v_before := private.lock_workspace(p_workspace_id);
  perform private.require_version(v_before.version, p_version, 'workspace');
  perform private.require_unsuspended(p_workspace_id);

  update public.workspaces
  set
    name = coalesce(p_changes ->> 'name', workspaces.name),
    resend_when_absent =
      coalesce((p_changes ->> 'resend_when_absent')::boolean, workspaces.resend_when_absent),
    paused_at = case
      when not p_changes ? 'paused' then workspaces.paused_at
      when (p_changes ->> 'paused')::boolean then coalesce(workspaces.paused_at, p_now)
    end,
    version = workspaces.version + 1
  where id = p_workspace_id
  returning * into v_workspace;

  if v_workspace.paused_at is not null and v_before.paused_at is null then
    perform private.close_lanes(private.lanes_of(p_workspace_id), 'workspace');
    perform private.emit_workspace_event(v_workspace, 'workspace.paused');
  elsif v_workspace.paused_at is null and v_before.paused_at is not null then
    perform private.open_lanes(private.lanes_of(p_workspace_id), 'workspace');
    perform private.wake_uploads(private.lanes_of(p_workspace_id));
    perform private.emit_workspace_event(v_workspace, 'workspace.resumed');
    perform private.ring('publish', p_now => p_now);
  end if;
  return to_jsonb(v_workspace);
end
$$;

create function public.update_workspace(
  p_workspace_id uuid, p_changes jsonb, p_version int default null
)
returns jsonb
language sql
set search_path = ''
as $$
  select private.update_workspace(p_workspace_id, p_changes, p_version);
$$;

comment on function public.update_workspace(uuid, jsonb, int) is
  'Changes name, paused or resend_when_absent of a workspace. Role admin.';

create function private.suspend_workspace(
  p_workspace_id uuid, p_reason text, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_before public.workspaces := private.lock_workspace(p_workspace_id);
  v_workspace public.workspaces;
begin
  update public.workspaces
  set
    suspended_at = coalesce(workspaces.suspended_at, p_now), suspended_reason = p_reason,
    version = workspaces.version + 1
  where id = p_workspace_id
  returning * into v_workspace;

  if v_workspace.id is null then
    perform private.refuse(404, 'not-found', 'No such workspace.');
  elsif v_before.suspended_at is null then
    perform private.close_lanes(private.lanes_of(p_workspace_id), 'suspended');
    perform private.emit_workspace_event(v_workspace, 'workspace.suspended');
  end if;
  return to_jsonb(v_workspace);
end
$$;

comment on function private.suspend_workspace(uuid, text, timestamptz) is
  'The operator''s kill switch: nothing of the workspace is sent or newly written until it is lifted. Safe to repeat.';

create function private.unsuspend_workspace(
  p_workspace_id uuid, p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_before public.workspaces := private.lock_workspace(p_workspace_id);
  v_workspace public.workspaces;
begin
  update public.workspaces
  set suspended_at = null, suspended_reason = null, version = workspaces.version + 1
  where id = p_workspace_id
  returning * into v_workspace;

  if v_workspace.id is null then
    perform private.refuse(404, 'not-found', 'No such workspace.');
  elsif v_before.suspended_at is not null then
    perform private.open_lanes(private.lanes_of(p_workspace_id), 'suspended');
    perform private.wake_uploads(private.lanes_of(p_workspace_id));
    perform private.emit_workspace_event(v_workspace, 'workspace.unsuspended');
    perform private.ring('publish', p_now => p_now);
  end if;
  return to_jsonb(v_workspace);
end
$$;

comment on function private.unsuspend_workspace(uuid, timestamptz) is
  'Lifts the kill switch; what is still due goes out, each post as its late policy says. Safe to repeat.';

-- Named so that it runs after the trigger that makes the lane.
create function private.tg_accounts__inherit_closure()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace public.workspaces;
begin
  select * into v_workspace from public.workspaces where id = new.workspace_id for share;
  if v_workspace.paused_at is not null then
    perform private.close_lanes(array[new.id], 'workspace');
  end if;
  if v_workspace.suspended_at is not null then
    perform private.close_lanes(array[new.id], 'suspended');
  end if;
  return new;
end
$$;

create trigger accounts_after_insert_inherit_closure
  after insert on public.accounts
  for each row execute function private.tg_accounts__inherit_closure();

grant execute on function
  private.update_workspace(uuid, jsonb, int, timestamptz), public.update_workspace(uuid, jsonb, int)
to authenticated;
