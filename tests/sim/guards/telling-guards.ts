import { type Guard, sql } from './guard.ts'
import { withoutText } from './patch-function.ts'
import { restless, rough } from './plans.ts'

/** Of what people and their endpoints hear of a post. */
export const TELLING_GUARDS: Guard[] = [
  {
    name: 'a published post is told of',
    tampering: sql(
      withoutText(
        'private.finish_posts',
        "changed.status in ('published', 'partially_published')",
        "changed.status = 'partially_published'",
      ),
    ),
    sees: /went from publishing to published without an event/,
  },
  {
    name: 'a post that X refused, or of which nobody is sure, is told of',
    tampering: sql(withoutText('private.stop_posts', 'v_ended || v_waiting', 'v_waiting')),
    sees: /went from publishing to (failed|unconfirmed) without an event/,
    change: rough,
  },
  {
    name: 'a canceled post is told of',
    tampering: sql(
      withoutText(
        'private.cancel_post',
        "perform private.emit_post_event(v_post, 'post.canceled');",
      ),
    ),
    sees: /to canceled without an event/,
    change: restless,
  },
]
