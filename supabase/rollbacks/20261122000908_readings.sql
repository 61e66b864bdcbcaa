set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function service.save_metrics(jsonb, uuid, jsonb, timestamptz);
drop function private.reschedule_readings(private.metric_reading[], uuid, timestamptz);
drop function private.insert_readings(private.metric_reading[]);
drop type private.metric_reading;
