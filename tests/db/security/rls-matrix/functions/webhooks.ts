import { ADMINS, type FunctionRow, forged, READERS, WORKERS } from './outcomes.ts'

const ENDPOINT = `jsonb_build_object('id', gen_random_uuid(), 'url', 'https://example.com')`

/** Endpoints and deliveries. */
export const webhooks: Record<string, FunctionRow> = {
  'public.create_webhook_endpoint(uuid,jsonb,text)': [
    ADMINS,
    `public.create_webhook_endpoint('{workspace}', ${ENDPOINT}, 'v1.sealed')`,
  ],
  'private.create_webhook_endpoint(uuid,jsonb,text)': [
    ADMINS,
    `private.create_webhook_endpoint('{workspace}', ${ENDPOINT}, 'v1.sealed')`,
  ],
  'public.update_webhook_endpoint(uuid,jsonb,integer)': [
    ADMINS,
    `public.update_webhook_endpoint('{endpoint}', '{}')`,
  ],
  'private.update_webhook_endpoint(uuid,jsonb,integer)': [
    ADMINS,
    `private.update_webhook_endpoint('{endpoint}', '{}', null)`,
  ],
  'public.delete_webhook_endpoint(uuid,integer)': [
    ADMINS,
    `public.delete_webhook_endpoint('{endpoint}')`,
  ],
  'private.delete_webhook_endpoint(uuid,integer)': [
    ADMINS,
    `private.delete_webhook_endpoint('{endpoint}', null)`,
  ],
  'public.rotate_webhook_secret(uuid,text)': [
    ADMINS,
    `public.rotate_webhook_secret('{endpoint}', 'v1.sealed')`,
  ],
  'private.rotate_webhook_secret(uuid,text,timestamp with time zone)': [
    ADMINS,
    `private.rotate_webhook_secret('{endpoint}', 'v1.sealed', now())`,
  ],
  'public.test_webhook_endpoint(uuid)': [ADMINS, `public.test_webhook_endpoint('{endpoint}')`],
  'private.test_webhook_endpoint(uuid)': [ADMINS, `private.test_webhook_endpoint('{endpoint}')`],
  'public.get_delivery(uuid)': [READERS, `public.get_delivery('{delivery}')`],
  'public.list_deliveries(uuid,jsonb,uuid,integer)': [
    READERS,
    `public.list_deliveries('{workspace}')`,
  ],
  'private.delivery_document(webhook_deliveries)': [
    READERS,
    `private.delivery_document(${forged('webhook_deliveries', 'delivery')}) -> 'attempts'`,
  ],
  'public.replay_delivery(uuid)': [ADMINS, `public.replay_delivery('{delivery}')`],
  'private.replay_delivery(uuid,timestamp with time zone)': [
    ADMINS,
    `private.replay_delivery('{delivery}', now())`,
  ],
  'public.recover_deliveries(uuid,text,timestamp with time zone,timestamp with time zone,boolean)':
    [ADMINS, `public.recover_deliveries('{endpoint}', 'failed', now() - interval '1 hour')`],
  'private.recover_deliveries(uuid,text,timestamp with time zone,timestamp with time zone,boolean,integer,timestamp with time zone)':
    [
      ADMINS,
      `private.recover_deliveries('{endpoint}', 'missing', now() - interval '1 hour', null, true, 1, now())`,
    ],
  'service.claim_deliveries(uuid,uuid,integer,interval,timestamp with time zone)': [
    WORKERS,
    `service.claim_deliveries('{account}', '{account}')`,
  ],
  'service.claim_emails(boolean,integer,timestamp with time zone)': [
    WORKERS,
    'to_jsonb(service.claim_emails(true) is not null)',
  ],
  'service.settle_emails(jsonb,timestamp with time zone)': [WORKERS, `service.settle_emails('[]')`],
  'service.keep_delivery_worker(uuid,timestamp with time zone)': [
    WORKERS,
    `service.keep_delivery_worker('{account}')`,
  ],
  'service.settle_deliveries(jsonb,uuid,uuid,integer,interval,timestamp with time zone)': [
    WORKERS,
    `service.settle_deliveries('[]')`,
  ],
  'service.ring_deliver()': [WORKERS, 'to_jsonb(service.ring_deliver() is not null)'],
}
