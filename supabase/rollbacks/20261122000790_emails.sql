set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.email_tick(timestamptz);
drop function service.settle_emails(jsonb, timestamptz);
drop function service.claim_emails(boolean, int, timestamptz);
drop table private.emails;
delete from private.doorbells where slug = 'deliver/emails';
