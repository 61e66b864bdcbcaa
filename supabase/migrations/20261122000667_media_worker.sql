-- What the media function reports: how far uploads are, how they ended. And what keeps them up.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- The network forgets it before the next post: it begins anew, and its old id is remembered.
create function private.restart_uploads(p_media_id uuid, p_account_id uuid, p_due_at timestamptz)
returns void
language sql
set search_path = ''
as $$
  update private.media_uploads
  set
    state = 'waiting', next_chunk = 0, due_at = p_due_at, lease_id = null,
    past_remote_ids = case
      when remote_id is null then past_remote_ids else array_append(past_remote_ids, remote_id)
    end,
    remote_id = null, expires_at = null
  where media_id = p_media_id and account_id = p_account_id;
$$;

comment on function private.restart_uploads(uuid, uuid, timestamptz) is
  'Forgets what the network has of an upload, but for its id.';

create function service.save_media_upload(
  p_media_id uuid, p_account_id uuid, p_lease_id uuid, p_progress jsonb,
  p_lease interval default interval '60 seconds', p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
begin
  update private.media_uploads as uploads
  set
    remote_id = coalesce(p_progress ->> 'remote_id', uploads.remote_id),
    expires_at = coalesce((p_progress ->> 'expires_at')::timestamptz, uploads.expires_at),
    next_chunk = coalesce((p_progress ->> 'next_chunk')::int, uploads.next_chunk),
    due_at = p_now + p_lease
  where media_id = p_media_id and account_id = p_account_id and lease_id = p_lease_id;
  return jsonb_build_object('kept', found);
end
$$;

comment on function service.save_media_upload(uuid, uuid, uuid, jsonb, interval, timestamptz) is
  'Remembers {remote_id?, expires_at?, next_chunk?} and prolongs the lease; kept is false when it was lost.';

-- An answer to a question about a file that X has already is no proof that it takes anything.
create function private.follow_app(
  p_upload private.media_uploads, p_ending jsonb, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_ending ? 'block_app_until' then
    perform private.stop_apps(array[row(
      p_upload.account_id, (p_ending ->> 'block_app_until')::timestamptz, p_ending -> 'later'
    )::private.app_block], p_now);
  elsif p_upload.state = 'waiting' and p_ending ->> 'state' in ('processing', 'ready') then
    perform private.end_upload_probe(p_upload.account_id, p_now);
  end if;
end
$$;

comment on function private.follow_app(private.media_uploads, jsonb, timestamptz) is
  'What the end of a worker''s turn with an upload, as it was before, says of the X app: that X refuses it, or takes files of it again.';

create function private.follow_ending(
  p_account_id uuid, p_media_id uuid, p_ending jsonb, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if (p_ending ->> 'restart')::boolean then
    perform private.restart_uploads(media_id, account_id, due_at)
    from private.media_uploads
    where media_id = p_media_id and account_id = p_account_id;
  end if;
  if p_ending ->> 'state' = 'ready' then
    perform private.log_costs('alt_text', array[p_account_id], p_now)
    from public.media
    where id = p_media_id and alt_text is not null and kind <> 'video';
  end if;
  if p_ending ? 'failed' then
    perform private.fail_media_posts(p_account_id, p_media_id, p_ending -> 'failed', p_now);
  end if;
  perform private.follow_media(p_account_id, p_media_id, p_now);
end
$$;

comment on function private.follow_ending(uuid, uuid, jsonb, timestamptz) is
  'What the end of a worker''s turn with an upload means for its file, its costs and its posts. The caller holds the lane.';

create function private.leave_upload(
  p_upload private.media_uploads, p_ending jsonb, p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_after interval := make_interval(secs => (p_ending ->> 'after_ms')::numeric / 1000);
begin
  update private.media_uploads as uploads
  set
    state = case
      when p_ending ? 'failed' then 'failed'
      else coalesce(p_ending ->> 'state', uploads.state)
    end,
    expires_at = coalesce((p_ending ->> 'expires_at')::timestamptz, uploads.expires_at),
    attempts = case
      when p_ending ? 'later' then uploads.attempts + 1
      when p_ending ->> 'state' = 'ready' then 0
      else uploads.attempts
    end,
    restarts = case
      when (p_ending ->> 'restart')::boolean then uploads.restarts + 1
      when p_ending ->> 'state' = 'ready' then 0
      else uploads.restarts
    end,
    error = coalesce(p_ending -> 'failed', p_ending -> 'later'),
    lease_id = null,
    due_at = case
      when p_ending ? 'failed' or p_ending ->> 'state' = 'ready' then 'infinity'
      when p_ending ? 'later' then p_now + coalesce(
        v_after, least(interval '2 seconds' * 2 ^ least(uploads.attempts, 10), interval '5 minutes')
      )
      else p_now + coalesce(v_after, interval '0')
    end
  where media_id = p_upload.media_id and account_id = p_upload.account_id;
end
$$;

comment on function private.leave_upload(private.media_uploads, jsonb, timestamptz) is
  'Ends a worker''s lease of an upload and notes how far it is. The caller holds its lock.';

-- p_ending: {state: processing | describing | ready, expires_at?, after_ms?} as far as the worker
-- came, {later: error, after_ms?, restart?, block_app_until?} for another try, {failed: error}, {} for
-- "go on at once".
create function service.settle_media_upload(
  p_media_id uuid, p_account_id uuid, p_lease_id uuid, p_ending jsonb,
  p_now timestamptz default clock_timestamp()
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  v_upload private.media_uploads;
begin
  perform private.lock_lanes(array[p_account_id]);
  select * into v_upload
  from private.media_uploads
  where media_id = p_media_id and account_id = p_account_id and lease_id = p_lease_id
  for update;
  if not found then
    return jsonb_build_object('kept', false);
  end if;
  perform private.leave_upload(v_upload, p_ending, p_now);
  perform private.follow_app(v_upload, p_ending, p_now);
  perform private.follow_ending(p_account_id, p_media_id, p_ending, p_now);
  return jsonb_build_object('kept', true);
end
$$;

comment on function service.settle_media_upload(uuid, uuid, uuid, jsonb, timestamptz) is
  'How a worker leaves an upload; kept is false, and nothing changes, when its lease was lost.';

-- An upload that will be forgotten before the next post, or before one that is late, begins anew. Lanes that
-- somebody holds have their turn the next time: the tick holds others already, and may wait for none.
create function private.expire_uploads(p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_upload record;
begin
  for v_upload in
    select uploads.media_id, uploads.account_id
    from private.media_uploads as uploads
    join private.account_lanes as lanes on lanes.account_id = uploads.account_id
    where uploads.state = 'ready'
      and (uploads.expires_at <= p_now + interval '10 minutes' or uploads.due_at <= p_now)
    order by uploads.account_id, uploads.media_id
    limit 200
    for update of lanes skip locked
  loop
    perform private.restart_uploads(v_upload.media_id, v_upload.account_id, coalesce(
      private.upload_needed_at(v_upload.media_id, v_upload.account_id) - interval '15 minutes',
      'infinity'
    ));
    perform private.follow_media(v_upload.account_id, v_upload.media_id, p_now);
  end loop;
end
$$;

comment on function private.expire_uploads(timestamptz) is
  'Uploads the network is about to forget wait again, and hold back the posts that need them.';

-- X did not know an id it had given: all media of these posts are uploaded again, and they wait for that.
create function private.forget_media(p_post_ids uuid[], p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.restart_uploads(uploads.media_id, uploads.account_id, p_now)
  from private.media_uploads as uploads
  join (
    select distinct uses.media_id, posts.account_id
    from private.media_uses as uses
    join public.posts on posts.id = uses.post_id
    where uses.post_id = any (p_post_ids)
  ) as used using (media_id, account_id);
  perform private.refresh_media_ready(array(
    select distinct others.post_id
    from private.media_uses as uses
    join private.media_uses as others on others.media_id = uses.media_id
    where uses.post_id = any (p_post_ids)
  ), p_now);
  perform private.ring('media');
end
$$;

comment on function private.forget_media(uuid[], timestamptz) is
  'Uploads the media of posts again. The caller holds the lanes, and refreshes them.';

-- One for what is due and one more for each p_per_worker uploads that nobody holds. Workers are known by what
-- they hold, so an estimate of those at work; a ring that reaches one of them is one more look for work.
create function private.missing_uploaders(
  p_now timestamptz, p_per_worker int default 100, p_max int default 4
)
returns int
language plpgsql
stable
set search_path = ''
as $$
declare
  v_due int := (
    select count(*) from private.due_uploads(p_per_worker * (p_max - 1), p_now)
  );
  v_at_work int;
begin
  if v_due = 0 then
    return 0;
  end if;
  -- A worker carries sixteen at once.
  v_at_work := ceil((select count(*) from private.running_uploads(p_now)) / 16.0);
  return greatest(1 + v_due / p_per_worker - v_at_work, 1);
end
$$;

comment on function private.missing_uploaders(timestamptz, int, int) is
  'How often media is to be rung for due uploads; 0 when none is due.';

create function private.watch_media(p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_missing int;
begin
  perform private.expire_uploads(p_now);
  perform private.postpone_uploads(p_now);
  v_missing := private.missing_uploaders(p_now);
  if v_missing > 0
    or exists (select from private.object_removals where next_try_at <= p_now)
    or exists (select from public.media where next_look_at <= p_now) then
    perform private.ring('media', greatest(v_missing, 1), p_now);
  end if;
  perform private.clear_alert('media-duty-failed');
exception
  -- What is due goes out all the same.
  when others then
    perform private.raise_alert(
      'media-duty-failed', '', sqlerrm, 'Media are not uploaded in time until this is put right.',
      p_now
    );
end
$$;

comment on function private.watch_media(timestamptz) is
  'Rings the media function when uploads, removals or looks for files are due. Never raises.';

create function service.ring_media()
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  select to_jsonb(private.ring('media'));
$$;

comment on function service.ring_media() is 'A leaving worker rings its successor.';

-- The description travels with an upload, so what the network has is uploaded again.
create function private.update_media(p_media_id uuid, p_alt_text text, p_version int)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_account_ids uuid[] := array(
    select account_id from private.media_uploads where media_id = p_media_id
  );
  v_media public.media;
begin
  perform private.lock_lanes(v_account_ids);
  v_media := private.lock_media(p_media_id, p_version);
  perform private.require_role(v_media.workspace_id, 'editor');
  if v_media.kind = 'video' and p_alt_text is not null then
    perform private.refuse(422, 'invalid-value', 'Videos take no description.',
      'Caption the video itself.');
  end if;
  update public.media
  set alt_text = p_alt_text, version = media.version + 1
  where id = p_media_id
  returning * into v_media;

  perform
    private.restart_uploads(p_media_id, uploads.account_id, coalesce(
      private.upload_needed_at(p_media_id, uploads.account_id) - private.upload_lead(v_media.kind),
      'infinity'
    )),
    private.follow_media(uploads.account_id, p_media_id, clock_timestamp())
  from private.media_uploads as uploads
  where uploads.media_id = p_media_id
    -- A worker that holds it may be about to send the old description.
    and (uploads.remote_id is not null or uploads.lease_id is not null);
  return to_jsonb(v_media);
end
$$;

create function public.update_media(p_media_id uuid, p_alt_text text, p_version int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.update_media(p_media_id, p_alt_text, p_version);
$$;

comment on function public.update_media(uuid, text, int) is
  'Changes the description (null: none). Role editor. 412 when p_version is not the current one.';

-- An account that can act again goes on where it stopped.
-- The caller holds the lanes.
create function private.wake_uploads(p_account_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.prepare_media(array(
    select jobs.post_id
    from private.publish_jobs as jobs
    where jobs.account_id = any (p_account_ids) and not jobs.media_ready
  ));
  perform private.refresh_lanes(p_account_ids);
end
$$;

comment on function private.wake_uploads(uuid[]) is
  'Has media uploaded that queued posts of accounts wait for, now that these may send again.';

create function private.tg_accounts__wake_uploads()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.wake_uploads(array[new.id]);
  return new;
end
$$;

create trigger accounts_after_update_wake_uploads
  after update of status on public.accounts
  for each row when (new.status = 'active' and old.status <> 'active')
  execute function private.tg_accounts__wake_uploads();

grant execute on function
  private.update_media(uuid, text, int),
  public.update_media(uuid, text, int)
to authenticated;
