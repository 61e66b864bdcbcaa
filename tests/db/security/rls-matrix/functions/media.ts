import { EDITORS, type FunctionRow, SPENT, WORKERS } from './outcomes.ts'

const FILE = `jsonb_build_object(
  'file_name', 'a.png', 'content_type', 'image/png', 'bytes', 1, 'kind', 'image', 'upload_seconds', 60
)`
const LEASE = `'{media}', '{account}', gen_random_uuid()`

/** Pictures and videos, and their way to the network. */
export const media: Record<string, FunctionRow> = {
  'public.create_media(uuid,jsonb)': [EDITORS, `public.create_media('{workspace}', ${FILE})`],
  'private.create_media(uuid,jsonb)': [EDITORS, `private.create_media('{workspace}', ${FILE})`],
  'public.update_media(uuid,text,integer)': [EDITORS, `public.update_media('{media}', 'text')`],
  'private.update_media(uuid,text,integer)': [
    EDITORS,
    `private.update_media('{media}', 'text', null)`,
  ],
  'public.delete_media(uuid,integer)': [EDITORS, `public.delete_media('{media}')`],
  'private.delete_media(uuid,integer)': [EDITORS, `private.delete_media('{media}', null)`],
  'service.record_media(uuid,jsonb,timestamp with time zone)': [
    WORKERS,
    `service.record_media('{media}', '{}')`,
  ],
  'service.claim_media_uploads(integer,bigint,bigint,interval,timestamp with time zone)': [
    SPENT,
    'service.claim_media_uploads()',
  ],
  'service.save_media_upload(uuid,uuid,uuid,jsonb,interval,timestamp with time zone)': [
    WORKERS,
    `service.save_media_upload(${LEASE}, '{}')`,
  ],
  'service.settle_media_upload(uuid,uuid,uuid,jsonb,timestamp with time zone)': [
    WORKERS,
    `service.settle_media_upload(${LEASE}, '{}')`,
  ],
  'service.claim_media_looks(integer,timestamp with time zone)': [
    SPENT,
    'service.claim_media_looks()',
  ],
  'service.give_up_media(uuid,timestamp with time zone)': [
    WORKERS,
    'service.give_up_media(gen_random_uuid(), now())',
  ],
  'service.claim_object_removals(integer,timestamp with time zone)': [
    SPENT,
    'service.claim_object_removals()',
  ],
  'service.settle_object_removals(text[],timestamp with time zone)': [
    WORKERS,
    `service.settle_object_removals('{}')`,
  ],
  'service.ring_media()': [WORKERS, 'to_jsonb(service.ring_media() is not null)'],
}
