import type { Deps } from '../deps.ts'
import { checkUrl } from './check-url.ts'
import { isGlobalAddress } from './is-global-address.ts'

export type Target =
  /** `addresses` are those that were checked; null for a development host, which is not. */
  | { kind: 'allowed'; url: URL; addresses: readonly string[] | null }
  | { kind: 'refused'; slug: 'address-refused' | 'dns'; reason: string }

type Need = Pick<Deps, 'env' | 'resolveDns'>

/**
 * Whether we may send to a URL now, and where: its text, and every address its host has. Asked when
 * it is saved and again before each request, since names change; `fetchPublic` then reaches nothing
 * but the addresses found here.
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
  if (checked.kind === 'private') return { kind: 'allowed', url: checked.url, addresses: null }

  const addresses = checked.addresses ?? (await resolveDns(checked.host, signal).catch(() => []))
  if (addresses.length === 0) {
    return { kind: 'refused', slug: 'dns', reason: 'The host has no address we can find.' }
  }
  if (!addresses.every(isGlobalAddress)) {
    const reason = 'The host has an address that is private or reserved.'
    return { kind: 'refused', slug: 'address-refused', reason }
  }
  return { kind: 'allowed', url: checked.url, addresses }
}
