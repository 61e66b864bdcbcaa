set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.forget_inbound(timestamptz);
drop function private.inbound_summary(interval);
drop function private.retry_inbound(uuid);
drop function service.postpone_inbound(uuid, uuid, text, timestamptz);
drop function private.postpone_receipt(uuid, uuid, text, timestamptz);
drop function service.finish_inbound(uuid, uuid, text, text, timestamptz);
drop function private.finish_receipt(uuid, uuid, text, text, timestamptz);
drop function service.claim_inbound(int, timestamptz);
drop function private.next_inbound_in_ms(timestamptz);
drop function service.receive_inbound(jsonb, timestamptz);
delete from private.doorbells where slug = 'inbound';
delete from private.partition_policies where parent = 'private.inbound_receipts';
drop table private.inbound_events;
drop table private.inbound_receipts;
