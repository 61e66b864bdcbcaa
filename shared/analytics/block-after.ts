import type { Failure, FailureKind } from '../networks/outcome.ts'

type Block = { scope: 'account' | 'app'; until: Date; detail: string }

/** How long an account's metrics wait when the network named no time, minutes. */
const MINUTES: Record<FailureKind, number> = {
  not_sent: 1,
  unknown: 1,
  retry: 15,
  reauth: 15,
  account_blocked: 60,
  app_blocked: 15,
  refused: 60,
}

/** Never sooner than this, whatever the network says: a clock of theirs may be behind ours. */
const SOONEST_MS = 5_000

/** How long nothing is read after a failed reading, and for whom: the account or its whole X app. */
export const blockAfter = (failure: Failure, now: Date): Block => {
  const named = failure.kind === 'retry' ? failure.after : null
  const waitMs = named ? named.getTime() - now.getTime() : MINUTES[failure.kind] * 60_000
  const isAppWide =
    failure.kind === 'app_blocked' || (failure.kind === 'retry' && failure.scope === 'app')
  return {
    scope: isAppWide ? 'app' : 'account',
    until: new Date(now.getTime() + Math.max(waitMs, SOONEST_MS)),
    detail: `${failure.slug}: ${failure.detail}`,
  }
}
