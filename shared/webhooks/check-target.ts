import type { Deps } from '../deps.ts'
import { checkUrl } from './check-url.ts'
import { isGlobalAddress } from './is-global-address.ts'

export type Target =
  | { kind: 'allowed'; url: URL }
  | { kind: 'refused'; slug: 'address-refused' | 'dns'; reason: string }

type Need = Pick<Deps, 'env' | 'resolveDns'>

/**
 * Whether we may POST to an address now: its URL, and every address its host has. Asked when an
 * endpoint is saved and again before each attempt, since names change. What remains is the moment
 * between this look-up and the one of `fetch`; an egress proxy closes it.
 */
export const checkTarget = async (
  { env, resolveDns }: Need,
  text: string,
  signal?: AbortSignal,
): Promise<Target> => {
  const checked = checkUrl(text, {
    privateHosts: env.WEBHOOK_PRIVATE_HOSTS,
    ownHost: new URL(env.SUPABASE_URL).hostname,
  })
  if (checked.kind === 'refused') return { ...checked, slug: 'address-refused' }
  if (checked.resolve === null) return { kind: 'allowed', url: checked.url }

  const addresses = await resolveDns(checked.resolve, signal).catch(() => [])
  if (addresses.length === 0) {
    return { kind: 'refused', slug: 'dns', reason: 'The host has no address we can find.' }
  }
  if (!addresses.every(isGlobalAddress)) {
    return {
      kind: 'refused',
      slug: 'address-refused',
      reason: 'The host has an address that is private or reserved.',
    }
  }
  return { kind: 'allowed', url: checked.url }
}
