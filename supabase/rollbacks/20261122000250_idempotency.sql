set local lock_timeout = '5s';
set local statement_timeout = '60s';

select cron.unschedule('myposts-idempotency-keys');

drop function private.prune_idempotency_keys(int, timestamptz);
drop function public.settle_idempotency_key(text, text, text);
drop function private.settle_idempotency_key(text, text, text);
drop function public.claim_idempotency_key(text, text, text);
drop function private.claim_idempotency_key(text, text, text, timestamptz);

drop table private.idempotency_keys;
