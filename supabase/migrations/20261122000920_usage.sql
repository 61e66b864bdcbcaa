-- Usage: what each person used on each day.
--
-- Never a hot row: uses are appended and folded a little later. A post counts for who created it,
-- whether through a session or a key of theirs.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.usage_stats (
  user_id uuid not null references public.users (id) on delete cascade,
  -- The UTC day.
  date date not null,
  posts_created bigint not null default 0,
  tokens_used bigint not null default 0,
  api_calls bigint not null default 0,
  primary key (user_id, date)
) with (fillfactor = 80);

comment on table public.usage_stats is
  'What a person used per UTC day: posts created, AI tokens recorded by integrations, API calls.';

create table private.usage_log (
  id bigint generated always as identity primary key,
  user_id uuid not null,
  date date not null,
  posts_created int not null default 0,
  tokens_used bigint not null default 0,
  api_calls int not null default 0
);

comment on table private.usage_log is 'Uses that usage_stats does not hold yet.';

alter table public.usage_stats enable row level security;
alter table private.usage_log enable row level security;

grant select on public.usage_stats to authenticated, service_role;

create policy "people can read their own usage"
  on public.usage_stats for select to authenticated
  using (user_id = (select auth.uid()));

-- Definer: whoever creates posts, they are counted.
create function private.tg_events__count_created_posts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.usage_log (user_id, date, posts_created)
  select new_events.actor_id, (new_events.created_at at time zone 'UTC')::date, count(*)
  from new_events
  where new_events.type = 'post.created' and new_events.actor_type = 'user'
  group by 1, 2;
  return null;
end
$$;

create trigger events_after_insert_count_created_posts
  after insert on public.events
  referencing new table as new_events
  for each statement execute function private.tg_events__count_created_posts();

-- p_rows: [{user_id, api_calls}]. Isolates send what they counted, once; a lost call is not counted.
create function service.record_usage(
  p_rows jsonb, p_now timestamptz default clock_timestamp()
)
returns jsonb
language sql
security definer
set search_path = ''
set statement_timeout = '5s'
as $$
  with added as (
    insert into private.usage_log (user_id, date, api_calls)
    select rows.user_id, (p_now at time zone 'UTC')::date, sum(rows.api_calls)
    from jsonb_to_recordset(p_rows) as rows (user_id uuid, api_calls int)
    group by rows.user_id
    returning 1
  )
  select jsonb_build_object('recorded', count(*)) from added;
$$;

comment on function service.record_usage(jsonb, timestamptz) is
  'Appends API calls counted by one isolate: [{user_id, api_calls}].';

-- Definer: callers hold no rights on the log. A caller counts only for themselves.
create function private.record_tokens(p_tokens bigint)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.require_role(private.personal_workspace_id(), 'owner');

  if p_tokens is null or p_tokens not between 1 and 1000000000 then
    perform private.refuse(422, 'tokens-invalid', 'tokens must be between 1 and 1000000000.',
      'Send how many tokens one call to a model used.');
  end if;
  insert into private.usage_log (user_id, date, tokens_used)
  values ((select auth.uid()), (clock_timestamp() at time zone 'UTC')::date, p_tokens);
end
$$;

create function public.record_tokens(p_tokens bigint)
returns void
language sql
set search_path = ''
as $$
  select private.record_tokens(p_tokens);
$$;

comment on function public.record_tokens(bigint) is
  'Adds AI tokens an integration used on the caller''s behalf to their usage of today.';

grant execute on function private.record_tokens(bigint) to authenticated;
grant execute on function public.record_tokens(bigint) to authenticated;

create function private.fold_usage(p_limit int default 10000)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_claimed private.usage_log[];
begin
  with claimed as (
    delete from private.usage_log
    where id = any (array(
      select id from private.usage_log order by id limit p_limit for update skip locked
    ))
    returning *
  )
  select array_agg(claimed::private.usage_log) into v_claimed from claimed;

  insert into public.usage_stats as stats (user_id, date, posts_created, tokens_used, api_calls)
  select uses.user_id, uses.date, sum(uses.posts_created), sum(uses.tokens_used), sum(uses.api_calls)
  from unnest(v_claimed) as uses
  -- What a deleted person used belongs to nobody.
  join public.users on users.id = uses.user_id
  group by uses.user_id, uses.date
  order by uses.user_id, uses.date
  on conflict (user_id, date) do update
  set
    posts_created = stats.posts_created + excluded.posts_created,
    tokens_used = stats.tokens_used + excluded.tokens_used,
    api_calls = stats.api_calls + excluded.api_calls;
  return coalesce(cardinality(v_claimed), 0);
end
$$;

comment on function private.fold_usage(int) is
  'Adds logged uses to usage_stats, each exactly once. Returns how many rows of the log it folded.';

-- UTC days, p_to excluded; without them the last 30 days up to today.
create function public.get_usage(p_from date default null, p_to date default null)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_to date := coalesce(p_to, (now() at time zone 'UTC')::date + 1);
  v_from date := coalesce(p_from, v_to - 30);
begin
  if v_from >= v_to or v_to - v_from > 366 then
    perform private.refuse(422, 'period-invalid', 'from must be before to, at most 366 days.',
      'Send two dates such as from=2026-11-01&to=2026-12-01; the last day is excluded.');
  end if;
  return (
    select jsonb_build_object(
      'from', v_from, 'to', v_to,
      'totals', jsonb_build_object(
        'posts_created', coalesce(sum(days.posts_created), 0),
        'tokens_used', coalesce(sum(days.tokens_used), 0),
        'api_calls', coalesce(sum(days.api_calls), 0)
      ),
      'days', coalesce(jsonb_agg(to_jsonb(days) - 'user_id' order by days.date), '[]')
    )
    from public.usage_stats as days
    where days.user_id = (select auth.uid()) and days.date >= v_from and days.date < v_to
  );
end
$$;

comment on function public.get_usage(date, date) is 'What the caller used, per UTC day and in total.';

grant execute on function public.get_usage(date, date) to authenticated;
