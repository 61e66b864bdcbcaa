-- The delivery log: what callers read of deliveries and their attempts.
--
-- Newest first, by endpoint, event, type, status and time.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Invoker: a caller sees what the policies let them see.
create function private.delivery_document(p_delivery public.webhook_deliveries)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select to_jsonb(p_delivery) || jsonb_build_object('attempts', (
    select coalesce(
      jsonb_agg(
        to_jsonb(attempts) - 'delivery_id' - 'workspace_id' order by attempts.number
      ), '[]'
    )
    from (
      select * from public.webhook_attempts
      where delivery_id = p_delivery.id
      order by number desc
      limit 50
    ) as attempts
  ));
$$;

comment on function private.delivery_document(public.webhook_deliveries) is
  'A delivery with its latest attempts as jsonb, 50 at most.';

create function public.get_delivery(p_delivery_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select private.delivery_document(deliveries)
  from public.webhook_deliveries as deliveries
  where deliveries.id = p_delivery_id;
$$;

comment on function public.get_delivery(uuid) is
  'A delivery with its attempts; null when it is absent or not the caller''s to see.';

-- p_before is the id of the last delivery of the page before. p_filter may hold endpoint_id,
-- event_id, event_type, status, and from and to: made at or after, made before.
create function public.list_deliveries(
  p_workspace_id uuid, p_filter jsonb default '{}', p_before uuid default null, p_limit int default 50
)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(
    jsonb_agg(private.delivery_document(page::public.webhook_deliveries) order by page.id desc), '[]'
  )
  from (
    select deliveries.*
    from public.webhook_deliveries as deliveries
    where deliveries.workspace_id = coalesce(p_workspace_id, private.personal_workspace_id())
      and (p_before is null or deliveries.id < p_before)
      and (
        p_filter ->> 'endpoint_id' is null
        or deliveries.endpoint_id = (p_filter ->> 'endpoint_id')::uuid
      )
      and (
        p_filter ->> 'event_id' is null or deliveries.event_id = (p_filter ->> 'event_id')::uuid
      )
      and (p_filter ->> 'status' is null or deliveries.status = p_filter ->> 'status')
      and (p_filter ->> 'status' is distinct from 'failed' or deliveries.failure is not null)
      and (
        p_filter ->> 'event_type' is null or deliveries.event_type = p_filter ->> 'event_type'
      )
      and (
        p_filter ->> 'from' is null
        or deliveries.id >= private.uuid_v7_floor((p_filter ->> 'from')::timestamptz)
      )
      and (
        p_filter ->> 'to' is null
        or deliveries.id < private.uuid_v7_floor((p_filter ->> 'to')::timestamptz)
      )
    order by deliveries.id desc
    limit least(greatest(p_limit, 1), 101)
  ) as page;
$$;

comment on function public.list_deliveries(uuid, jsonb, uuid, int) is
  'A page of a workspace''s deliveries (null: the personal workspace), newest first, at most 101: a page and the row that tells of a next one.';

grant execute on function private.delivery_document(public.webhook_deliveries) to authenticated;
grant execute on function public.get_delivery(uuid) to authenticated;
grant execute on function public.list_deliveries(uuid, jsonb, uuid, int) to authenticated;
