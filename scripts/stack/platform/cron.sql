-- Stand-in for pg_cron 1.6: the same tables and functions. A scheduler outside the database listens
-- on channel pg_cron and runs the jobs.

create schema if not exists cron;
create sequence if not exists cron.jobid_seq;
create sequence if not exists cron.runid_seq;

create table if not exists cron.job (
  jobid bigint primary key default nextval('cron.jobid_seq'),
  schedule text not null,
  command text not null,
  nodename text not null default 'localhost',
  nodeport int not null default coalesce(inet_server_port(), 5432),
  database text not null default current_database(),
  username text not null default current_user,
  active boolean not null default true,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);

create table if not exists cron.job_run_details (
  jobid bigint,
  runid bigint primary key default nextval('cron.runid_seq'),
  job_pid int,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);

alter table cron.job enable row level security;
alter table cron.job_run_details enable row level security;
drop policy if exists cron_job_policy on cron.job;
create policy cron_job_policy on cron.job using (username = current_user);
drop policy if exists cron_job_run_details_policy on cron.job_run_details;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);

create or replace function platform.tg_job__announce()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform pg_notify('pg_cron', '');
  return null;
end
$$;

create or replace trigger job_after_announce
after insert or update or delete or truncate on cron.job
for each statement execute function platform.tg_job__announce();

-- One field of a cron line: *, a value or a range, each with an optional step, in a comma list.
create or replace function cron._is_valid_field(
  p_field text, p_low int, p_high int, p_names text[] default '{}'
)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_item text;
  v_parts text[];
  v_low int;
  v_high int;
begin
  foreach v_item in array string_to_array(p_field, ',') loop
    v_parts := regexp_match(
      v_item, '^(?:(\*)|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([0-9]{1,2}))?$'
    );
    if v_parts is null or v_parts[4]::int = 0 then
      return false;
    end if;
    continue when v_parts[1] = '*';
    v_low := coalesce(p_low + array_position(p_names, v_parts[2]) - 1,
      case when v_parts[2] ~ '^[0-9]+$' then v_parts[2]::int end);
    v_high := coalesce(p_low + array_position(p_names, v_parts[3]) - 1,
      case when coalesce(v_parts[3], '0') ~ '^[0-9]+$' then coalesce(v_parts[3]::int, v_low) end);
    if (v_low between p_low and p_high and v_high between v_low and p_high) is not true then
      return false;
    end if;
  end loop;
  return p_field <> '';
end
$$;

create or replace function cron._is_valid_schedule(p_schedule text)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_fields text[] := regexp_split_to_array(lower(trim(p_schedule)), '\s+');
begin
  if lower(trim(p_schedule)) ~ '^([1-9]|[1-5][0-9])\s+seconds?$' then
    return true;
  end if;
  if v_fields[1] in ('@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly')
  then
    return cardinality(v_fields) = 1;
  end if;
  return cardinality(v_fields) = 5
    and cron._is_valid_field(v_fields[1], 0, 59)
    and cron._is_valid_field(v_fields[2], 0, 23)
    and (v_fields[3] = '$' or cron._is_valid_field(v_fields[3], 1, 31))
    and cron._is_valid_field(v_fields[4], 1, 12,
      '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}')
    and cron._is_valid_field(v_fields[5], 0, 7, '{sun,mon,tue,wed,thu,fri,sat}');
end
$$;

create or replace function cron._check_schedule(p_schedule text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if cron._is_valid_schedule(p_schedule) is not true then
    raise exception 'invalid schedule: %', p_schedule using
      hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
  end if;
end
$$;

-- The caller's own name goes in from the invoker functions below, because it is lost in a definer.
create or replace function cron._save_job(
  p_caller name, p_name text, p_schedule text, p_command text, p_database text, p_username text,
  p_active boolean
)
returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_username text := coalesce(p_username, p_caller);
  v_id bigint;
begin
  perform cron._check_schedule(p_schedule);
  if not pg_has_role(p_caller, v_username, 'member') then
    raise exception 'must be superuser to create a job for another role' using errcode = '42501';
  end if;
  insert into cron.job (jobname, schedule, command, database, username, active)
  values (p_name, p_schedule, p_command, p_database, v_username, p_active)
  on conflict on constraint jobname_username_uniq do update set
    schedule = excluded.schedule, command = excluded.command, database = excluded.database,
    active = excluded.active
  returning jobid into v_id;
  return v_id;
end
$$;

create or replace function cron.schedule(schedule text, command text)
returns bigint
language sql
as $$
  select cron._save_job(
    current_user, null, schedule, command, current_database()::text, null, true
  );
$$;

create or replace function cron.schedule(job_name text, schedule text, command text)
returns bigint
language sql
as $$
  select cron._save_job(
    current_user, job_name, schedule, command, current_database()::text, null, true
  );
$$;

create or replace function cron.schedule_in_database(
  job_name text, schedule text, command text, database text, username text default null,
  active boolean default true
)
returns bigint
language sql
as $$
  select cron._save_job(current_user, job_name, schedule, command, database, username, active);
$$;

create or replace function cron._change_job(
  p_caller name, p_job_id bigint, p_schedule text, p_command text, p_database text,
  p_username text, p_active boolean
)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  if p_schedule is not null then
    perform cron._check_schedule(p_schedule);
  end if;
  update cron.job
  set
    schedule = coalesce(p_schedule, schedule),
    command = coalesce(p_command, command),
    database = coalesce(p_database, database),
    username = coalesce(p_username, username),
    active = coalesce(p_active, active)
  where jobid = p_job_id
    and pg_has_role(p_caller, username, 'member')
    and pg_has_role(p_caller, coalesce(p_username, username), 'member');
  if not found then
    raise exception 'Job % does not exist or you don''t own it', p_job_id;
  end if;
end
$$;

create or replace function cron.alter_job(
  job_id bigint, schedule text default null, command text default null,
  database text default null, username text default null, active boolean default null
)
returns void
language sql
as $$
  select cron._change_job(current_user, job_id, schedule, command, database, username, active);
$$;

create or replace function cron._remove_job(p_caller name, p_job_id bigint, p_name text)
returns boolean
language plpgsql
security definer
set search_path = ''
as $$
begin
  delete from cron.job
  where pg_has_role(p_caller, username, 'member')
    and (jobid = p_job_id or (jobname = p_name and username = p_caller));
  if not found then
    raise exception 'could not find valid entry for job ''%''', coalesce(p_name, p_job_id::text);
  end if;
  return true;
end
$$;

create or replace function cron.unschedule(job_id bigint)
returns boolean
language sql
as $$
  select cron._remove_job(current_user, job_id, null);
$$;

create or replace function cron.unschedule(job_name text)
returns boolean
language sql
as $$
  select cron._remove_job(current_user, null, job_name);
$$;

revoke all on all functions in schema cron from public;
grant usage on schema cron to postgres;
grant select on cron.job to postgres with grant option;
grant select, insert, update, delete on cron.job_run_details to postgres with grant option;
grant usage, select on sequence cron.jobid_seq, cron.runid_seq to postgres;
grant execute on all functions in schema cron to postgres with grant option;
