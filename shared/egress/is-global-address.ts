import ipaddr from 'ipaddr.js'

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/** Public by its range, and yet the cloud's own: Azure's platform, reached from its machines only. */
const PLATFORMS = ['168.63.129.16']

/**
 * Whether an IP address belongs to the public internet. Everything special-purpose is not: private,
 * loopback, link-local, carrier NAT, documentation, mapped, translated and tunnelled addresses.
 */
export const isGlobalAddress = (address: string): boolean => {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast' || PLATFORMS.includes(parsed.toString())) return false
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_UNICAST)
}
