import { accounts } from './functions/accounts.ts'
import { analytics } from './functions/analytics.ts'
import { foundation } from './functions/foundation.ts'
import { inbound } from './functions/inbound.ts'
import { media } from './functions/media.ts'
import { money } from './functions/money.ts'
import type { FunctionRow } from './functions/outcomes.ts'
import { people } from './functions/people.ts'
import { posts } from './functions/posts.ts'
import { publishing } from './functions/publishing.ts'
import { watching } from './functions/watching.ts'
import { webhooks } from './functions/webhooks.ts'

/** Who may execute what. A function callers can reach that is missing here fails a test. */
export const functionMatrix: Record<string, FunctionRow> = {
  ...foundation,
  ...people,
  ...accounts,
  ...money,
  ...posts,
  ...media,
  ...publishing,
  ...watching,
  ...webhooks,
  ...analytics,
  ...inbound,
}
