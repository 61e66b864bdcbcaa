import { row } from '../callers.ts'
import { EDITORS, type FunctionRow, forged, READERS, SPENT, VIEWERS, WORKERS } from './outcomes.ts'

const DOCUMENT = `jsonb_build_object('account_id', '{account}', 'segments', '["x"]'::jsonb)`
/** Editors, and there is nothing of it to resume. */
const WHOLE = row('409 409 409 403 404 denied denied')

/** Writing and scheduling. */
export const posts: Record<string, FunctionRow> = {
  'public.get_post(uuid)': [READERS, `public.get_post('{scheduled}')`],
  'public.list_posts(uuid,jsonb,uuid,integer)': [READERS, `public.list_posts('{workspace}')`],
  'public.segments(posts)': [
    READERS,
    `(select jsonb_agg(s) from public.segments(${forged('posts', 'scheduled')}) as s)`,
  ],
  'private.post_document(posts)': [
    READERS,
    `private.post_document(${forged('posts', 'scheduled')}) -> 'segments'`,
  ],
  'private.unconfirmed_document(uuid)': [VIEWERS, `private.unconfirmed_document('{unconfirmed}')`],
  'public.create_post(jsonb,boolean)': [EDITORS, `public.create_post(${DOCUMENT})`],
  'private.create_post(jsonb,timestamp with time zone)': [
    EDITORS,
    `private.create_post(${DOCUMENT})`,
  ],
  'public.update_post(uuid,jsonb,integer)': [EDITORS, `public.update_post('{scheduled}', '{}')`],
  'private.update_post(uuid,jsonb,integer,timestamp with time zone)': [
    EDITORS,
    `private.update_post('{scheduled}', '{}', null)`,
  ],
  'public.schedule_post(uuid,timestamp with time zone,integer,boolean)': [
    EDITORS,
    `public.schedule_post('{scheduled}', now())`,
  ],
  'private.schedule_post(uuid,timestamp with time zone,integer,timestamp with time zone)': [
    EDITORS,
    `private.schedule_post('{scheduled}', now(), null)`,
  ],
  'public.publish_post(uuid,integer)': [EDITORS, `public.publish_post('{scheduled}')`],
  'public.unschedule_post(uuid,integer)': [EDITORS, `public.unschedule_post('{scheduled}')`],
  'private.unschedule_post(uuid,integer,timestamp with time zone)': [
    EDITORS,
    `private.unschedule_post('{scheduled}', null)`,
  ],
  'public.cancel_post(uuid,integer)': [EDITORS, `public.cancel_post('{scheduled}')`],
  'private.cancel_post(uuid,integer,timestamp with time zone)': [
    EDITORS,
    `private.cancel_post('{scheduled}', null)`,
  ],
  'public.resume_post(uuid,integer)': [WHOLE, `public.resume_post('{published}')`],
  'private.resume_post(uuid,integer,timestamp with time zone)': [
    WHOLE,
    `private.resume_post('{published}', null)`,
  ],
  'public.retry_post(uuid,integer)': [WHOLE, `public.retry_post('{published}')`],
  'private.retry_post(uuid,integer,timestamp with time zone)': [
    WHOLE,
    `private.retry_post('{published}', null)`,
  ],
  'public.drop_remainder(uuid,integer)': [EDITORS, `public.drop_remainder('{published}')`],
  'private.drop_remainder(uuid,integer,timestamp with time zone)': [
    EDITORS,
    `private.drop_remainder('{published}', null)`,
  ],
  'public.unpublish_post(uuid,integer)': [EDITORS, `public.unpublish_post('{published}')`],
  'private.unpublish_post(uuid,integer,timestamp with time zone)': [
    EDITORS,
    `private.unpublish_post('{published}', null)`,
  ],
  'public.duplicate_post(uuid)': [EDITORS, `public.duplicate_post('{published}')`],
  'private.duplicate_post(uuid,timestamp with time zone)': [
    EDITORS,
    `private.duplicate_post('{published}')`,
  ],
  'public.review_post(jsonb)': [
    VIEWERS,
    `public.review_post('{"account_id": "{account}", "segments": ["a"]}')`,
  ],
  // Of a post that exists it is a step of its change.
  'private.review_post(jsonb,timestamp with time zone)': [
    EDITORS,
    `private.review_post('{"post_id": "{scheduled}"}')`,
  ],
  'public.list_at_risk(uuid,jsonb,integer)': [
    VIEWERS,
    `jsonb_build_object('page', public.list_at_risk('{workspace}'))`,
  ],
  'private.list_at_risk(uuid,jsonb,integer,timestamp with time zone)': [
    VIEWERS,
    `jsonb_build_object('page', private.list_at_risk('{workspace}', null, 9))`,
  ],
  'service.claim_removals(integer,timestamp with time zone)': [
    SPENT,
    `nullif(service.claim_removals() -> 'removals', '[]')`,
  ],
  'service.settle_removal(uuid,smallint,jsonb,boolean,timestamp with time zone,timestamp with time zone)':
    [WORKERS, `service.settle_removal('{published}', 0::smallint)`],
}
