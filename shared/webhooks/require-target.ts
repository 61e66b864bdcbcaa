import type { Deps } from '../deps.ts'
import { problems } from '../http/problems.ts'
import { checkTarget } from './check-target.ts'

/** Throws 422 when an endpoint could not be delivered to, or must not be. */
export const requireTarget = async (
  deps: Pick<Deps, 'env' | 'resolveDns'>,
  url: string,
): Promise<void> => {
  const target = await checkTarget(deps, url, AbortSignal.timeout(5_000))
  if (target.kind === 'allowed') return
  throw problems.invalid([{ pointer: '/url', detail: target.reason }])
}
