import type { Plan } from '../plan.ts'
import { type Guard, sql } from './guard.ts'
import { withoutText } from './patch-function.ts'
import { rough } from './plans.ts'

const talkative = (plan: Plan): Plan => ({ ...rough(plan), accounts: 2, posts: 6, threads: 1 })

/** Of the order of a thread. Go knows only which segment is next: that is decided when one is settled. */
export const THREAD_GUARDS: Guard[] = [
  {
    name: 'a segment replies to the one before it',
    tampering: sql(
      withoutText(
        'private.sending_batch',
        'lag(segments.remote_id)',
        'first_value(segments.remote_id)',
      ),
    ),
    sees: /as a reply to/,
    change: talkative,
  },
  {
    name: 'the first segment that X does not have is the next one',
    tampering: sql(
      withoutText('private.continue_threads', 'min(segments.position)', 'max(segments.position)'),
    ),
    sees: /the segment before was not on X/,
    change: talkative,
  },
  {
    name: 'a thread goes on only from what X has accepted, and leaves the queue where nobody is sure',
    tampering: sql(
      withoutText(
        'private.stop_posts',
        'delete from private.publish_jobs where post_id = any (v_ended);',
        "perform private.continue_threads(v_ended, interval '5 seconds', p_now);",
      ),
    ),
    sees: /a unconfirmed post has a job/,
    change: talkative,
  },
]
