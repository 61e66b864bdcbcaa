-- Resolving: a person settles what the reconciler could not.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- A person who looked at X settles what the reconciler could not.
create function private.resolve_post(
  p_post_id uuid, p_remote_id text, p_version int, p_now timestamptz
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_post public.posts := private.lock_post(p_post_id, 'editor', p_version);
  v_quiet_at timestamptz;
begin
  if v_post.status <> 'unconfirmed' then
    perform private.refuse(409, 'nothing-to-resolve',
      format('The post is %s, not unconfirmed.', v_post.status), 'Read the post again.');
  elsif exists (select from private.remote_posts where network = 'x' and remote_id = p_remote_id) then
    perform private.refuse(409, 'remote-id-taken', 'This id belongs to another post.',
      'Check the id on X.');
  end if;

  -- Absent now is no promise while a frozen worker might still send it.
  select max(sending_at) + private.quiet_time() into v_quiet_at
  from private.live_attempts
  where post_id = p_post_id;
  if p_remote_id is null and v_quiet_at > p_now then
    perform private.refuse(409, 'post-in-flight',
      format('The post may still be sent until %s.', to_char(v_quiet_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
      'Look at X and settle it after that; an id found there can be given at once.');
  end if;

  perform private.settle_results(array(
    select row(
      live.post_id, live.position, live.number,
      case when p_remote_id is null then 'refused' else 'accepted' end,
      p_remote_id, null,
      jsonb_build_object(
        'slug', 'resolved-as-absent', 'who', 'author',
        'detail', 'Somebody looked at X and did not find the post.',
        'remedy', 'Schedule it again if it is still wanted.'
      ),
      null, null, null, null
    )::private.attempt_result
    from private.live_attempts as live
    where live.post_id = p_post_id
  ), p_now);
  select * into v_post from public.posts where id = p_post_id;
  return private.post_document(v_post);
end
$$;

create function public.resolve_post(
  p_post_id uuid, p_remote_id text default null, p_version int default null
)
returns jsonb
language sql
set search_path = ''
as $$
  select private.resolve_post(p_post_id, p_remote_id, p_version, clock_timestamp());
$$;

comment on function public.resolve_post(uuid, text, int) is
  'Settles an unconfirmed post: p_remote_id is its id on X, or null when it is not there. Role editor.';

grant execute on function private.resolve_post(uuid, text, int, timestamptz) to authenticated;
grant execute on function public.resolve_post(uuid, text, int) to authenticated;
