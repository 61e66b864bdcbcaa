import { row } from '../callers.ts'
import { EDITORS, type FunctionRow, forged, READERS } from './outcomes.ts'

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
  'public.create_post(jsonb,boolean)': [EDITORS, `public.create_post(${DOCUMENT})`],
  'private.create_post(jsonb)': [EDITORS, `private.create_post(${DOCUMENT})`],
  'public.update_post(uuid,jsonb,integer)': [EDITORS, `public.update_post('{scheduled}', '{}')`],
  'private.update_post(uuid,jsonb,integer)': [
    EDITORS,
    `private.update_post('{scheduled}', '{}', null)`,
  ],
  'public.schedule_post(uuid,timestamp with time zone,integer,boolean)': [
    EDITORS,
    `public.schedule_post('{scheduled}', now())`,
  ],
  'private.schedule_post(uuid,timestamp with time zone,integer)': [
    EDITORS,
    `private.schedule_post('{scheduled}', now(), null)`,
  ],
  'public.publish_post(uuid,integer)': [EDITORS, `public.publish_post('{scheduled}')`],
  'public.unschedule_post(uuid,integer)': [EDITORS, `public.unschedule_post('{scheduled}')`],
  'private.unschedule_post(uuid,integer)': [
    EDITORS,
    `private.unschedule_post('{scheduled}', null)`,
  ],
  'public.cancel_post(uuid,integer)': [EDITORS, `public.cancel_post('{scheduled}')`],
  'private.cancel_post(uuid,integer)': [EDITORS, `private.cancel_post('{scheduled}', null)`],
  'public.resume_post(uuid,integer)': [WHOLE, `public.resume_post('{published}')`],
  'private.resume_post(uuid,integer)': [WHOLE, `private.resume_post('{published}', null)`],
}
