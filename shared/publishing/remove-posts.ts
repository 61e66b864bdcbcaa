import { accessToken } from '../accounts/access-token.ts'
import type { TokenHolder } from '../accounts/token-holder.ts'
import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import type { Failure } from '../networks/outcome.ts'

type Need = Pick<
  Deps,
  'env' | 'now' | 'monotonic' | 'sleep' | 'ending' | 'deadline' | 'randomUUID' | 'service' | 'log'
>

type Segment = { position: number; remote_id: string }
/** A post to delete on the network; its segments in the order they are to go. */
type Removal = TokenHolder & { post_id: string; segments: Segment[] }

const TIMEOUT_MS = 20_000
const APP_PAUSE_MS = 300_000

/**
 * Deletes on the network what people unpublished, the last segment of a thread first. Deleting twice
 * is harmless, so whatever is not settled is tried again. No more are asked of an account than the network lets it
 * delete: what is claimed is counted before. Returns how many posts it took on.
 */
export const removePosts = async (
  deps: Need,
  network: Pick<Network, 'remove' | 'refresh'>,
): Promise<number> => {
  const { removals } = await deps.service<{ removals: Removal[] }>('claim_removals')
  await Promise.all(removals.map((removal) => removePost(deps, network, removal)))
  return removals.length
}

/** One post's trouble is no other's. */
const removePost = async (
  deps: Need,
  network: Pick<Network, 'remove' | 'refresh'>,
  removal: Removal,
): Promise<void> => {
  const { post_id, account_id } = removal
  try {
    const token = await accessToken(deps, network, removal)
    if (token.kind !== 'token') {
      deps.log({ level: 'warn', message: 'post not removed yet', post_id, account_id, ...token })
      const [segment] = removal.segments
      if (token.kind === 'later' && token.error && segment) {
        await tell(deps, removal, segment, { p_error: token.error })
      }
      return
    }
    for (const segment of removal.segments) {
      const signal = deps.deadline(TIMEOUT_MS)
      const outcome = await network.remove(token.accessToken, segment.remote_id, { signal })
      await settle(deps, removal, segment, outcome)
      if (outcome.kind === 'reauth') await accessToken(deps, network, token.holder, true)
      if (outcome.kind !== 'removed') return
    }
  } catch (error) {
    deps.log({
      level: 'error',
      message: 'removal failed',
      post_id,
      account_id,
      error: String(error),
    })
  }
}

const settle = async (
  deps: Need,
  removal: Removal,
  segment: Segment,
  outcome: { kind: 'removed' } | Failure,
): Promise<void> => {
  const { post_id, account_id } = removal
  const { position } = segment
  const { kind } = outcome
  deps.log({ message: 'removal', post_id, position, account_id, outcome: kind })
  await tell(deps, removal, segment, outcome.kind === 'removed' ? {} : told(deps, outcome))
}

const tell = (
  deps: Pick<Deps, 'service'>,
  { post_id }: Removal,
  { position }: Segment,
  what: Partial<ReturnType<typeof told>>,
) => deps.service('settle_removal', { p_post_id: post_id, p_position: position, ...what })

/** Only a definite no ends it; everything else is tried again, at once after a refused token. */
const told = (deps: Pick<Deps, 'now'>, failure: Failure) => {
  const { kind, slug, detail, who, remedy } = failure
  const at = (ms: number) => new Date(deps.now().getTime() + ms).toISOString()
  const retryAt = {
    refused: null,
    not_sent: null,
    unknown: null,
    retry: failure.kind === 'retry' ? (failure.after?.toISOString() ?? null) : null,
    reauth: at(5_000),
    account_blocked: at(APP_PAUSE_MS),
    app_blocked: at(APP_PAUSE_MS),
  }[kind]
  return {
    p_error: { slug, detail, who, remedy },
    p_is_final: kind === 'refused',
    p_retry_at: retryAt,
  }
}
