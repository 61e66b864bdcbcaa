/** Of what a worker asks all the time, by function: whether the answer says that nothing was changed. */
const isIdle: Record<string, (value: unknown) => boolean> = {
  announce_key: () => true,
  claim_jobs: (value) => isEmpty((value as { lanes: unknown }).lanes),
  claim_looks: (value) => isEmpty((value as { looks: unknown }).looks),
  claim_removals: (value) => isEmpty(value),
  claim_restored_accounts: (value) => isEmpty(value),
  claim_token_revocations: (value) => isEmpty(value),
  lease_token_refresh: () => true,
  list_owned_remote_ids: () => true,
}

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/** True for a call that changed nothing any invariant reads: the state after it is the state before. */
export const leavesAllAsItWas = (fn: string, value: unknown): boolean =>
  isIdle[fn]?.(value) ?? false
