-- What cron runs. Functions are woken only when work is due.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- A heartbeat does its chores for fifty seconds, each in a transaction of its own, and is begun anew. It sleeps
-- briefly, because whoever sleeps in a transaction holds dead rows back. A procedure could not commit: it would
-- have a search_path of its own.
select cron.schedule(
  'myposts-heartbeat-' || heartbeat, '1 second',
  format(
    $job$
      do $beat$
      declare
        v_until timestamptz := clock_timestamp() + interval '50 seconds';
        v_name text;
      begin
        perform set_config('lock_timeout', '5s', false);
        while clock_timestamp() < v_until loop
          foreach v_name in array private.due_chores(%L) loop
            perform private.do_chore(v_name);
            commit;
          end loop;
          perform pg_sleep(0.25);
          commit;
        end loop;
      end
      $beat$
    $job$, heartbeat
  )
)
from unnest(array['publishing', 'others']) as heartbeat;

select cron.schedule('myposts-day-caps', '* * * * *', 'select private.watch_day_caps()');
select cron.schedule('myposts-billing', '* * * * *', 'select private.billing_tick()');
select cron.schedule('myposts-partitions', '17 * * * *', 'select private.maintain_partitions()');
select cron.schedule('myposts-events', '23 * * * *', 'select private.forget_events()');
select cron.schedule('myposts-delivery-log', '26 * * * *', 'select private.forget_deliveries()');
select cron.schedule('myposts-texts', '*/10 * * * *', 'select private.prune_text_fingerprints()');
select cron.schedule('myposts-receipts', '29 * * * *', 'select private.forget_inbound()');
select cron.schedule('myposts-keys', '53 * * * *', 'select private.watch_keys()');
-- pg_cron never purges its log.
select cron.schedule(
  'myposts-cron-log', '41 * * * *',
  $$delete from cron.job_run_details where end_time < now() - interval '1 day'$$
);
