import { type FunctionRow, SPENT, WORKERS } from './outcomes.ts'

const TIME = 'timestamp with time zone'
const NOBODYS = 'gen_random_uuid(), gen_random_uuid()'
const SOMEBODY = '(select id from public.users limit 1)'
const CUSTOMER = `'cus_' || left(gen_random_uuid()::text, 8)`

/** What providers tell us, subscriptions at X, and billing. */
export const inbound: Record<string, FunctionRow> = {
  [`service.receive_inbound(jsonb,${TIME})`]: [WORKERS, `service.receive_inbound('[]')`],
  [`service.claim_inbound(integer,${TIME})`]: [WORKERS, 'service.claim_inbound(0)'],
  [`service.finish_inbound(uuid,uuid,text,text,${TIME})`]: [
    WORKERS,
    `service.finish_inbound(${NOBODYS}, 'ignored')`,
  ],
  [`service.postpone_inbound(uuid,uuid,text,${TIME})`]: [
    WORKERS,
    `service.postpone_inbound(${NOBODYS})`,
  ],
  [`service.pass_by_posts(jsonb,${TIME})`]: [WORKERS, `service.pass_by_posts('[]')`],
  [`service.take_deletion(uuid,uuid,text,text,${TIME})`]: [
    WORKERS,
    `service.take_deletion(${NOBODYS}, '1', '2')`,
  ],
  'service.ring_inbound()': [WORKERS, 'to_jsonb(service.ring_inbound() is not null)'],
  [`service.take_mention(uuid,uuid,text,jsonb,${TIME})`]: [
    WORKERS,
    `service.take_mention(${NOBODYS}, '1', '{}')`,
  ],
  [`service.take_revocation(uuid,uuid,text,${TIME},${TIME})`]: [
    WORKERS,
    `service.take_revocation(${NOBODYS}, '1', null)`,
  ],
  [`service.park_subscriptions(text,${TIME})`]: [WORKERS, `service.park_subscriptions('test')`],
  [`service.claim_webhook_check(text[],${TIME})`]: [WORKERS, `service.claim_webhook_check('{}')`],
  [`service.save_webhook_check(text,text[],jsonb,${TIME},text,${TIME})`]: [
    WORKERS,
    `service.save_webhook_check('1', '{}', '[]', null)`,
  ],
  [`service.claim_subscriptions(text[],integer,integer,${TIME})`]: [
    WORKERS,
    `service.claim_subscriptions('{}')`,
  ],
  [`service.settle_subscription(uuid,text,text,text,${TIME})`]: [
    SPENT,
    `service.settle_subscription(gen_random_uuid(), 'post.create', null)`,
  ],
  [`service.link_billing_customer(uuid,text,${TIME})`]: [
    WORKERS,
    `service.link_billing_customer(${SOMEBODY}, ${CUSTOMER})`,
  ],
  'service.begin_reading(text)': [WORKERS, `service.begin_reading('sub_1')`],
  [`service.save_subscription(uuid,uuid,integer,jsonb,interval,${TIME})`]: [
    WORKERS,
    `service.save_subscription(${NOBODYS}, 1, '{}', '1 day')`,
  ],
  [`service.save_dispute(uuid,uuid,jsonb,${TIME})`]: [
    WORKERS,
    `service.save_dispute(${NOBODYS}, '{"dispute_id": "dp_1", "status": "lost"}')`,
  ],
}
