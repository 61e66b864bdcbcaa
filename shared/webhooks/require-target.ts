import type { Deps } from '../deps.ts'
import { checkTarget } from '../egress/check-target.ts'
import { problems } from '../http/problems.ts'

/** Throws 422 when an endpoint could not be delivered to, or must not be. */
export const requireTarget = async (
  deps: Pick<Deps, 'env' | 'resolveDns'>,
  url: string,
): Promise<void> => {
  const target = await checkTarget(deps, url, AbortSignal.timeout(5_000))
  if (target.kind === 'allowed') return
  throw problems.invalid([{ pointer: '/url', detail: target.reason }])
}
